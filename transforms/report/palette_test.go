// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// linear is an sRGB color such as #2b66d9 as linear red, green and blue.
func linear(t *testing.T, hex string) [3]float64 {
	t.Helper()
	var out [3]float64
	for i := range out {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		if v := float64(n) / 255; v <= 0.04045 {
			out[i] = v / 12.92
		} else {
			out[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return out
}

// contrast is that of WCAG 2.
func contrast(a, b [3]float64) float64 {
	y := func(c [3]float64) float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] + 0.05 }
	return max(y(a)/y(b), y(b)/y(a))
}

// oklab is Ottosson's space, in which distances are about those of the eye.
func oklab(c [3]float64) [3]float64 {
	l := math.Cbrt(0.4122214708*c[0] + 0.5363325363*c[1] + 0.0514459929*c[2])
	m := math.Cbrt(0.2119034982*c[0] + 0.6806995451*c[1] + 0.1073969566*c[2])
	s := math.Cbrt(0.0883024619*c[0] + 0.2817188376*c[1] + 0.6299787005*c[2])
	return [3]float64{
		0.2104542553*l + 0.793617785*m - 0.0040720468*s,
		1.9779984951*l - 2.428592205*m + 0.4505937099*s,
		0.0259040371*l + 0.7827717662*m - 0.808675766*s,
	}
}

// TestPalette asserts that the colors of series stand out from the card and from
// each other, in both schemes. 3 is what WCAG asks of graphics; 0.12 is some six
// times the smallest step that the eye sees.
func TestPalette(t *testing.T) {
	t.Parallel()
	schemes := strings.SplitN(style, "@media", 2)
	for i, name := range []string{"light", "dark"} {
		card := regexp.MustCompile(`--card: (#[0-9a-f]+)`).FindStringSubmatch(schemes[i])[1]
		if card == "#fff" {
			card = "#ffffff"
		}
		var colors [][3]float64
		for n := range palette {
			m := regexp.MustCompile(fmt.Sprintf(`--c%d: (#[0-9a-f]{6})`, n)).FindStringSubmatch(schemes[i])
			if m == nil {
				t.Fatalf("%s: color %d is not in the style sheet", name, n)
			}
			colors = append(colors, linear(t, m[1]))
		}
		for a, color := range colors {
			if c := contrast(color, linear(t, card)); c < 3 {
				t.Errorf("%s: color %d has contrast %.2f, want 3", name, a, c)
			}
			for b := range a {
				p, q := oklab(color), oklab(colors[b])
				if d := math.Hypot(math.Hypot(p[0]-q[0], p[1]-q[1]), p[2]-q[2]); d < 0.12 {
					t.Errorf("%s: colors %d and %d are %.3f apart, want 0.12", name, b, a, d)
				}
			}
		}
	}
}

func TestSeriesLookDifferent(t *testing.T) {
	t.Parallel()
	series := func(n int, pairs bool) []Series {
		var out []Series
		for i := range n {
			out = append(out, Series{Name: strconv.Itoa(i), Dashed: pairs && i%2 == 1})
		}
		return out
	}
	for name, s := range map[string][]Series{"sixteen": series(16, false), "sixteen pairs": series(32, true)} {
		v, err := viewChart(Chart{Series: s})
		if err != nil {
			t.Fatal(err)
		}
		looks := map[string]string{}
		for i, l := range v.Lines {
			look := fmt.Sprint(l.Color, l.Dash)
			if other, ok := looks[look]; ok {
				t.Errorf("%s: series %s looks like %s", name, l.Name, other)
			}
			looks[look] = l.Name
			if s[i].Dashed && l.Color != v.Lines[i-1].Color {
				t.Errorf("%s: series %s has not the color of its partner", name, l.Name)
			}
			if !strings.Contains(style, fmt.Sprintf(".dash%d {", max(1, l.Dash))) {
				t.Errorf("the style sheet lacks dash %d", l.Dash)
			}
		}
		if v.Pairs != (name == "sixteen pairs") {
			t.Errorf("%s: pairs is %t", name, v.Pairs)
		}
	}
}

func TestDivergedSeries(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	tests := []struct {
		name string
		y    []float64
		want lineView
	}{
		{"to the end", []float64{0, 1, 1, 0}, lineView{Last: "0"}},
		{"gap", []float64{0, nan, 1, 0}, lineView{Last: "0"}},
		{"diverged", []float64{0, 1, inf, nan}, lineView{Last: "1", Broken: true}},
		{"at the end", []float64{0, 1, 1, -inf}, lineView{Last: "1", Broken: true}},
		{"from the start", []float64{nan, nan, nan, nan}, lineView{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := viewChart(Chart{Series: []Series{{X: []float64{0, 1, 2, 3}, Y: tt.y}}})
			if err != nil {
				t.Fatal(err)
			}
			got := lineView{Last: v.Lines[0].Last, Broken: v.Lines[0].Broken}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
			if (got.Last != "") != (v.Lines[0].Path != "") {
				t.Errorf("path %q", v.Lines[0].Path)
			}
		})
	}
}
