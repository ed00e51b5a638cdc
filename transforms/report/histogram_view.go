// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
	"strings"
)

type (
	histogramView struct {
		chartView
		Name     string // of the bars' series, where there are others
		Bars     []barView
		Cut      []cutView
		Outlines []outlineView
	}
	barView struct {
		X, Y, Width, Height string
		Text                string // what a pointer shows
	}
	// cutView is the label of a bar that is higher than the drawing.
	cutView struct{ X, Anchor, Text string }

	outlineView struct {
		Name, Path string
		Color      int
	}
)

func histogramsView(h Histograms) (sectionView, error) {
	v := sectionView{Kind: h.kind(), Title: h.Title, Note: h.Note}
	for _, c := range h.Charts {
		if len(c.Bounds) < 2 {
			return v, fmt.Errorf("histogram %q must have at least 2 bounds, got %d", c.Title, len(c.Bounds))
		}
		for i, b := range c.Bounds[1:] {
			if b <= c.Bounds[i] || math.IsNaN(b) || math.IsNaN(c.Bounds[i]) {
				return v, fmt.Errorf("bounds of histogram %q must ascend, got %g after %g", c.Title, b, c.Bounds[i])
			}
		}
		for _, s := range c.Series {
			if len(s.Counts) != len(c.Bounds)-1 {
				return v, fmt.Errorf("series %q of histogram %q must have a count for each of the %d bins, got %d",
					s.Name, c.Title, len(c.Bounds)-1, len(s.Counts))
			}
		}
		v.Histograms = append(v.Histograms, viewHistogram(c))
	}
	return v, nil
}

func viewHistogram(c Histogram) histogramView {
	v := histogramView{chartView: chartView{
		Title: c.Title, XLabel: c.XLabel, YLabel: c.YLabel,
		Width: chartWidth, Height: chartHeight,
		Left: marginLeft, Right: plotRight, Top: marginTop, Bottom: plotBottom,
		XMiddle: (marginLeft + plotRight) / 2, YMiddle: (marginTop + plotBottom) / 2,
	}}
	from, to := c.used()
	if from == to {
		v.Empty, v.Summary = true, c.Title+": no values yet"
		return v
	}
	top, cut := c.top()
	sy, ticks := fit(0, top, false, 5)
	sy.from, sy.to = plotBottom, marginTop
	v.YTicks = tickViews(sy, ticks)
	sx := scale{lo: float64(from), hi: float64(to), from: marginLeft, to: plotRight}
	v.XTicks = c.binTicks(sx, from, to)
	for i, s := range c.Series {
		shares := s.shares()
		if i == 0 {
			v.Bars = c.bars(s, shares, sx, sy, from, to)
			if cut {
				v.Cut = cutLabels(shares, sx, sy, from, to)
			}
			if len(c.Series) > 1 {
				v.Name = s.Name
			}
			v.Summary = c.Title + ": " + c.peak(s, shares, from, to)
		} else {
			v.Outlines = append(v.Outlines, outlineView{Name: s.Name, Color: i % palette, Path: outline(shares, sx, sy, from, to)})
		}
	}
	return v
}

func (c Histogram) bars(s Bins, shares []float64, sx, sy scale, from, to int) []barView {
	gap := min(2, (sx.to-sx.from)/float64(to-from)/8)
	var out []barView
	for i := from; i < to; i++ {
		if s.Counts[i] == 0 {
			continue
		}
		x, y := sx.at(float64(i))+gap/2, sy.at(min(shares[i], sy.hi))
		out = append(out, barView{
			X: coordinate(x), Y: coordinate(y),
			Width: coordinate(sx.at(float64(i+1)) - gap/2 - x), Height: coordinate(max(sy.from-y, 0.5)),
			Text: fmt.Sprintf("%s: %s %s (%.1f%%)", c.span(i), Grouped(s.Counts[i]), c.Unit, shares[i]),
		})
	}
	return out
}

// outline is the series as steps from the axis and back to it.
func outline(shares []float64, sx, sy scale, from, to int) string {
	var b strings.Builder
	b.WriteString("M" + coordinate(sx.from) + " " + coordinate(sy.from))
	for i := from; i < to; i++ {
		b.WriteString(" V" + coordinate(sy.at(min(shares[i], sy.hi))) + " H" + coordinate(sx.at(float64(i+1))))
	}
	b.WriteString(" V" + coordinate(sy.from))
	return b.String()
}

// peak is the series' text for readers who cannot see the drawing.
func (c Histogram) peak(s Bins, shares []float64, from, to int) string {
	at := from
	for i := from; i < to; i++ {
		if s.Counts[i] > s.Counts[at] {
			at = i
		}
	}
	return fmt.Sprintf("from %s to %s, most often %s (%.0f%%)", bound(c.Bounds[from]), bound(c.Bounds[to]), c.span(at), shares[at])
}

// cutLabels says how high the bars are that leave the drawing.
func cutLabels(shares []float64, sx, sy scale, from, to int) (out []cutView) {
	for i := from; i < to; i++ {
		if shares[i] <= sy.hi {
			continue
		}
		// Beside the bar, on the side with more room.
		l := cutView{X: coordinate(sx.at(float64(i)) - 4), Anchor: "end", Text: fmt.Sprintf("\u2191 %.0f%%", shares[i])}
		if i-from < to-1-i {
			l.X, l.Anchor = coordinate(sx.at(float64(i+1))+4), "start"
		}
		out = append(out, l)
	}
	return out
}
