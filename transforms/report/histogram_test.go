// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func tickTexts(ticks []tickView) (out []string) {
	for _, tick := range ticks {
		out = append(out, tick.Text)
	}
	return out
}

func TestHistogramBars(t *testing.T) {
	t.Parallel()
	v := viewHistogram(Histogram{
		Title: "Widths", Unit: "pictures", Bounds: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}, Open: true,
		Series: []Bins{{"train", []int64{0, 0, 0, 100, 300, 0, 0, 0, 0}}, {"val", []int64{0, 0, 0, 0, 2, 2, 0, 0, 0}}},
	})
	// 25 and 75 percent of the one series, 50 and 50 of the other: axis to 80.
	if diff := cmp.Diff([]string{"0", "20", "40", "60", "80"}, tickTexts(v.YTicks)); diff != "" {
		t.Errorf("vertical ticks (-want +got):\n%s", diff)
	}
	// Three bins are used, six shown.
	if diff := cmp.Diff([]string{"2", "4", "8", "16", "32", "64", "128"}, tickTexts(v.XTicks)); diff != "" {
		t.Errorf("horizontal ticks (-want +got):\n%s", diff)
	}
	if len(v.Bars) != 2 || len(v.Outlines) != 1 || v.Name != "train" || v.Outlines[0].Name != "val" || v.Cut != nil {
		t.Fatalf("%d bars of %q, %d outlines, %d cut; want 2, train, 1, 0", len(v.Bars), v.Name, len(v.Outlines), len(v.Cut))
	}
	for i, share := range []float64{25, 75} {
		want := share / 80 * (plotBottom - marginTop)
		if got := number(t, v.Bars[i].Height); math.Abs(got-want) > 0.1 {
			t.Errorf("bar %d is %g high, want %g", i, got, want)
		}
		if bottom := number(t, v.Bars[i].Y) + number(t, v.Bars[i].Height); math.Abs(bottom-plotBottom) > 0.15 {
			t.Errorf("bar %d ends at %g, want the axis at %d", i, bottom, plotBottom)
		}
	}
	if got, want := v.Bars[1].Text, "16 to 32: 300 pictures (75.0%)"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if got, want := v.Summary, "Widths: from 2 to 128, most often 16 to 32 (75%)"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
	// The outline stays inside the drawing and returns to the axis.
	if path := v.Outlines[0].Path; !strings.HasPrefix(path, "M52 220 V") || !strings.HasSuffix(path, " H418 V220") {
		t.Errorf("outline %q", path)
	}
}

func TestHistogramOpen(t *testing.T) {
	t.Parallel()
	h := Histogram{Unit: "pictures", Bounds: []float64{0, 5, 10}, Series: []Bins{{"all", []int64{1, 1}}}}
	for open, want := range map[bool]string{true: "10+", false: "10"} {
		h.Open = open
		v := viewHistogram(h)
		if got := v.XTicks[2].Text; got != want {
			t.Errorf("open %v: last tick %q, want %q", open, got, want)
		}
		if v.Name != "" {
			t.Errorf("one series has a legend: %q", v.Name)
		}
	}
	h.Open = true
	if got, want := viewHistogram(h).Bars[1].Text, "5 and more: 1 pictures (50.0%)"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
}

func TestHistogramCut(t *testing.T) {
	t.Parallel()
	bounds := []float64{0, 1, 2, 3, 4, 5, 6, 7, 8}
	tests := []struct {
		name   string
		counts []int64
		want   []cutView
	}{
		{"white background", []int64{1, 2, 3, 4, 3, 2, 1, 84}, []cutView{{X: "368.2", Anchor: "end", Text: "↑ 84%"}}},
		{"black background", []int64{84, 2, 3, 4, 3, 2, 1, 1}, []cutView{{X: "101.8", Anchor: "start", Text: "↑ 84%"}}},
		{"not far above", []int64{1, 2, 3, 10, 3, 2, 1, 50}, nil},
		{"nothing else", []int64{0, 0, 0, 0, 0, 0, 0, 84}, nil},
	}
	for _, tt := range tests {
		v := viewHistogram(Histogram{Bounds: bounds, Series: []Bins{{"all", tt.counts}}})
		if diff := cmp.Diff(tt.want, v.Cut); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		for _, b := range v.Bars {
			if y := number(t, b.Y); y < marginTop {
				t.Errorf("%s: a bar leaves the drawing: y = %g", tt.name, y)
			}
		}
	}
}

func TestHistogramOfNothing(t *testing.T) {
	t.Parallel()
	for name, series := range map[string][]Bins{"no series": nil, "no counts": {{"all", []int64{0, 0}}}} {
		v := viewHistogram(Histogram{Title: "Luma", Bounds: []float64{0, 1, 2}, Series: series})
		if !v.Empty || len(v.Bars) != 0 || v.Summary != "Luma: no values yet" {
			t.Errorf("%s: empty %v, %d bars, summary %q", name, v.Empty, len(v.Bars), v.Summary)
		}
	}
}

func TestHistogramTicksAreFew(t *testing.T) {
	t.Parallel()
	var h Histogram
	for i := range 65 {
		h.Bounds = append(h.Bounds, float64(4*i))
	}
	counts := make([]int64, 64)
	for i := range counts {
		counts[i] = int64(i + 1)
	}
	h.Series = []Bins{{"all", counts}}
	if diff := cmp.Diff([]string{"0", "32", "64", "96", "128", "160", "192", "224", "256"}, tickTexts(viewHistogram(h).XTicks)); diff != "" {
		t.Errorf("ticks (-want +got):\n%s", diff)
	}
}

func TestBound(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0", 0.67: "0.67", 256: "256", 2048: "2048", 16384: "16k", 2.5e6: "2.5M", 1e9: "1G", 1e15: "1e+15", -20000: "-20k",
	} {
		if got := bound(v); got != want {
			t.Errorf("bound(%g) = %q, want %q", v, got, want)
		}
	}
}

func TestDatasetSectionsRefuse(t *testing.T) {
	t.Parallel()
	h := func(bounds []float64, counts ...int64) Section {
		return Histograms{Charts: []Histogram{{Title: "h", Bounds: bounds, Series: []Bins{{"s", counts}}}}}
	}
	tests := []struct {
		name    string
		section Section
		want    string
	}{
		{"no bins", h([]float64{1}), `histogram "h" must have at least 2 bounds, got 1`},
		{"falling bounds", h([]float64{1, 3, 2}, 1, 1), `bounds of histogram "h" must ascend, got 2 after 3`},
		{"equal bounds", h([]float64{1, 1}, 1), "must ascend, got 1 after 1"},
		{"no number", h([]float64{1, math.NaN()}, 1), "must ascend, got NaN after 1"},
		{"counts", h([]float64{1, 2, 3}, 1), `series "s" of histogram "h" must have a count for each of the 2 bins, got 1`},
		{"picture", ContactSheet{Items: []Item{{Caption: "x", Pictures: []Picture{{Data: []byte("text")}}}}}, `item 0 ("x"): picture 0: reading a picture's header`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			err := Render(&b, Page{Sections: []Section{tt.section}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if b.Len() != 0 {
				t.Error("a page was written in part")
			}
		})
	}
}
