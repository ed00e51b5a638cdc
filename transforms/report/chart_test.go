// SPDX-License-Identifier: Apache-2.0

package report

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTicks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		lo, hi float64
		log    bool
		want   string
	}{
		{"unit", 0, 1, false, "0 0.5 1"},
		{"loss", 0.081, 0.47, false, "0 0.1 0.2 0.3 0.4 0.5"},
		{"steps", 0, 4999, false, "0 2000 4000 6000"},
		{"thousands", 0, 83000, false, "0 50k 100k"},
		{"negative", -3, 2, false, "-4 -2 0 2"},
		{"constant", 5, 5, false, "2 4 6 8"},
		{"zero", 0, 0, false, "-1 -0.5 0 0.5 1"},
		{"nothing", math.Inf(1), math.Inf(-1), false, "0 0.5 1"},
		{"tiny", 1e-9, 3e-9, false, "1e-09 1.5e-09 2e-09 2.5e-09 3e-09"},
		{"log", 0.003, 40, true, "0.001 0.01 0.1 1 10 100"},
		{"log short", 0.2, 0.9, true, "0.2 0.5 1"},
		{"log long", 1e-12, 1e8, true, "1e-12 1e-08 0.0001 1 10k 100M"},
		{"log constant", 3, 3, true, "1 2 5 10"},
		{"log nothing", math.Inf(1), math.Inf(-1), true, "1 2 5 10"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, at := fit(tt.lo, tt.hi, tt.log, 5)
			s.from, s.to = 0, 1
			var labels []string
			for _, v := range tickViews(s, at) {
				labels = append(labels, v.Text)
			}
			if diff := cmp.Diff(tt.want, strings.Join(labels, " ")); diff != "" {
				t.Errorf("ticks (-want +got):\n%s", diff)
			}
			if tt.lo <= tt.hi && (s.lo > tt.lo || s.hi < tt.hi) {
				t.Errorf("scale [%g, %g] does not hold [%g, %g]", s.lo, s.hi, tt.lo, tt.hi)
			}
		})
	}
}

func TestLineBreaksAndThins(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	c, err := viewChart(Chart{Series: []Series{{Name: "a", X: []float64{0, 1, 2, 3, 4}, Y: []float64{0, 1, nan, 1, 0}}}})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(c.Lines[0].Path, "M"); n != 2 {
		t.Errorf("a gap gives %d pieces, want 2: %s", n, c.Lines[0].Path)
	}
	var x, y []float64
	for i := range 100000 {
		x, y = append(x, float64(i)), append(y, 0)
	}
	y[50001] = 9 // one peak must survive
	c, err = viewChart(Chart{Series: []Series{{Name: "a", X: x, Y: y}}})
	if err != nil {
		t.Fatal(err)
	}
	path := c.Lines[0].Path
	if len(path) > 40<<10 {
		t.Errorf("path has %d bytes", len(path))
	}
	if !strings.Contains(path, " 31 ") { // 9 on an axis that ends at 10
		t.Errorf("the peak is lost: %.200s", path)
	}
	if c, err = viewChart(Chart{LogY: true, Series: []Series{{X: []float64{1, 2}, Y: []float64{-1, 0}}}}); err != nil || c.Lines[0].Path != "" {
		t.Errorf("values that have no logarithm were drawn: %q, %v", c.Lines[0].Path, err)
	}
}

func FuzzChart(f *testing.F) {
	f.Add(0.0, 1.0, 2.0, 3.0, false)
	f.Add(math.Inf(1), -1e308, 1e308, math.NaN(), true)
	f.Add(1e-320, 5e-324, 1.0, 1.0000000000000002, true)
	f.Fuzz(func(t *testing.T, a, b, c, d float64, log bool) {
		v, err := viewChart(Chart{LogY: log, Series: []Series{{Name: "s", X: []float64{min(a, b), max(a, b)}, Y: []float64{c, d}}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range v.Lines {
			if strings.Contains(l.Path, "NaN") || strings.Contains(l.Path, "Inf") {
				t.Errorf("path %q", l.Path)
			}
		}
		for _, tick := range append(v.XTicks, v.YTicks...) {
			if strings.Contains(tick.At, "NaN") || strings.Contains(tick.At, "Inf") {
				t.Errorf("tick %+v", tick)
			}
		}
	})
}
