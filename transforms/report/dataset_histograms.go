// SPDX-License-Identifier: Apache-2.0

package report

import "github.com/chromabeam/chromabeam/transforms/shard"

// datasetHistograms draws the first split that holds anything as bars and the
// others as outlines.
func datasetHistograms(s shard.Survey) Histograms {
	var filled []shard.SplitSurvey
	for _, split := range s.Splits {
		if split.Samples > 0 {
			filled = append(filled, split)
		}
	}
	if len(filled) == 0 {
		filled = []shard.SplitSurvey{s.All}
	}
	h := Histograms{Title: "Histograms", Note: "Shares of the pictures or pixels of each split."}
	add := func(c Histogram, of func(shard.SplitSurvey) shard.Histogram) {
		c.Bounds = of(s.All).Bounds
		for _, split := range filled {
			c.Series = append(c.Series, Bins{Name: split.Name, Counts: of(split).Counts})
		}
		h.Charts = append(h.Charts, c)
	}
	pictures := func(title, x string) Histogram {
		return Histogram{Title: title, XLabel: x, YLabel: "% of pictures", Unit: "pictures", Open: true}
	}
	add(pictures("Colourfulness", "colourfulness"), func(s shard.SplitSurvey) shard.Histogram { return s.Colorfulness })
	add(Histogram{Title: "Luma", XLabel: "gray level", YLabel: "% of pixels", Unit: "pixels"},
		func(s shard.SplitSurvey) shard.Histogram { return s.Luma })
	add(pictures("Width of the sources", "pixels"), func(s shard.SplitSurvey) shard.Histogram { return s.Widths })
	add(pictures("Height of the sources", "pixels"), func(s shard.SplitSurvey) shard.Histogram { return s.Heights })
	add(pictures("Shape of the sources", "width / height"), func(s shard.SplitSurvey) shard.Histogram { return s.Aspects })
	add(pictures("Bytes a pair", "kB of both PNGs"), func(s shard.SplitSurvey) shard.Histogram { return thousands(s.SampleBytes) })
	return h
}

// thousands divides the bounds by 1000.
func thousands(h shard.Histogram) shard.Histogram {
	bounds := make([]float64, len(h.Bounds))
	for i, b := range h.Bounds {
		bounds[i] = b / 1000
	}
	h.Bounds = bounds
	return h
}
