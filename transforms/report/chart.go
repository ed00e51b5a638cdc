// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The drawing's size and margins in SVG units. It is shown 330 to 560 CSS
// pixels wide, so that a 12-unit letter stays legible on a phone.
const (
	chartWidth, chartHeight = 440, 260
	marginLeft, marginRight = 52, 22 // the last label stands half beyond the axis
	marginTop, marginBottom = 10, 40
	plotRight               = chartWidth - marginRight
	plotBottom              = chartHeight - marginBottom
	palette                 = 8
)

type (
	chartView struct {
		Title, XLabel, YLabel string
		Width, Height         int
		Left, Right           int
		Top, Bottom           int
		XMiddle, YMiddle      int
		XTicks, YTicks        []tickView
		Lines                 []lineView
		Summary               string
		Empty                 bool
		Nested                bool // under a heading of the third level
		Pairs                 bool // the legend has a row for each pair
	}
	tickView struct {
		At, Text string
	}
	lineView struct {
		Name   string
		Path   string
		Color  int // index into the palette
		Dash   int // 0 is solid; style.css knows 1 to 3
		Muted  bool
		Broken bool // ends with values that are not finite
		Last   string
		DotX   string
		DotY   string
		HasDot bool
	}
)

func curvesView(c Curves) (sectionView, error) {
	v := sectionView{Kind: c.kind(), Title: c.Title, Note: c.Note, Compact: c.Compact}
	for _, chart := range c.Charts {
		cv, err := viewChartIn(chart, frameOf(c.Compact))
		if err != nil {
			return v, err
		}
		v.Charts = append(v.Charts, cv)
	}
	return v, nil
}

// frame is the size of a drawing and of its margins, in SVG units, and about how
// many ticks its axes have.
type frame struct {
	width, height, left, right, top, bottom int
	xTicks, yTicks                          int
}

func frameOf(compact bool) frame {
	if compact {
		return frame{width: 300, height: 178, left: 48, right: 284, top: 8, bottom: 142, xTicks: 5, yTicks: 4}
	}
	return frame{
		width: chartWidth, height: chartHeight, left: marginLeft, right: plotRight, top: marginTop, bottom: plotBottom,
		xTicks: 6, yTicks: 5,
	}
}

func viewChart(c Chart) (chartView, error) { return viewChartIn(c, frameOf(false)) }

func viewChartIn(c Chart, f frame) (chartView, error) {
	v := chartView{
		Title: c.Title, XLabel: c.XLabel, YLabel: c.YLabel,
		Width: f.width, Height: f.height,
		Left: f.left, Right: f.right, Top: f.top, Bottom: f.bottom,
		XMiddle: (f.left + f.right) / 2, YMiddle: (f.top + f.bottom) / 2,
	}
	x, y := extent{math.Inf(1), math.Inf(-1)}, extent{math.Inf(1), math.Inf(-1)}
	for _, s := range c.Series {
		if len(s.X) != len(s.Y) {
			return v, fmt.Errorf("series %q of chart %q must have as many x as y values, got %d and %d",
				s.Name, c.Title, len(s.X), len(s.Y))
		}
		for i := range s.X {
			if drawable(s.X[i], s.Y[i], c.LogY) {
				x.add(flush(s.X[i]))
				y.add(flush(s.Y[i]))
			}
		}
	}
	if c.FromZero && !c.LogY && y.lo > 0 && y.lo <= y.hi {
		y.lo = 0
	}
	sx, xt := fitData(x, f.xTicks)
	sx.from, sx.to = float64(f.left), float64(f.right)
	sy, yt := fit(y.lo, y.hi, c.LogY, f.yTicks)
	sy.from, sy.to = float64(f.bottom), float64(f.top)
	v.XTicks, v.YTicks = tickViews(sx, xt), tickViews(sy, yt)

	color := 0
	for _, s := range c.Series {
		line := viewLine(s, sx, sy)
		n := color
		switch {
		case s.Dashed && !s.Muted:
			n = max(0, color-1)
		case !s.Muted:
			color++
		}
		line.Color, line.Dash = n%palette, n/palette%2*2
		if s.Dashed {
			line.Dash++
		}
		v.Lines = append(v.Lines, line)
	}
	v.Summary, v.Empty, v.Pairs = summary(c, v), x.lo > x.hi, paired(c.Series)
	return v, nil
}

// paired reports whether every series is followed by its dashed partner.
func paired(series []Series) bool {
	for i, s := range series {
		if s.Muted || s.Name == "" || s.Dashed != (i%2 == 1) {
			return false
		}
	}
	return len(series) > 0 && len(series)%2 == 0
}

// fitData is the scale of the horizontal axis: it ends with the data, not with
// a tick, so that curves use the whole width.
func fitData(x extent, want int) (scale, []float64) {
	s, all := fit(x.lo, x.hi, false, want)
	if x.lo >= x.hi {
		return s, all
	}
	s.lo, s.hi = x.lo, x.hi
	var inside []float64
	for _, t := range all {
		if t >= x.lo-1e-9*(x.hi-x.lo) && t <= x.hi+1e-9*(x.hi-x.lo) {
			inside = append(inside, t)
		}
	}
	return s, inside
}

type extent struct{ lo, hi float64 }

func (e *extent) add(v float64) { e.lo, e.hi = min(e.lo, v), max(e.hi, v) }

// drawable reports whether a point can be put on the axes. Figures beyond 1e300
// are left out too: their differences overflow.
func drawable(x, y float64, log bool) bool {
	ok := func(v float64) bool { return !math.IsNaN(v) && math.Abs(v) < 1e300 }
	return ok(x) && ok(y) && (!log || y > 1e-250)
}

// flush drops what is so near to 0 that dividing it would leave the range of
// floating point.
func flush(v float64) float64 {
	if math.Abs(v) < 1e-250 {
		return 0
	}
	return v
}

func tickViews(s scale, at []float64) []tickView {
	var out []tickView
	for _, t := range at {
		step := math.Abs(t)
		if !s.log && len(at) > 1 {
			step = at[1] - at[0]
		}
		out = append(out, tickView{At: coordinate(s.at(t)), Text: label(t, step)})
	}
	return out
}

// coordinate formats a position to a tenth of a unit, which is a tenth of a
// pixel or so.
func coordinate(v float64) string { return trim(strconv.FormatFloat(v, 'f', 1, 64)) }

// summary is the drawing's text for readers who cannot see it.
func summary(c Chart, v chartView) string {
	if c.Summary != "" {
		return c.Title + ": " + c.Summary
	}
	var parts []string
	for _, l := range v.Lines {
		if l.Last != "" && !l.Muted {
			part := l.Name + " ends at " + l.Last
			if l.Broken {
				part += " and diverges"
			}
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return c.Title + ": no values yet"
	}
	return c.Title + ": " + strings.Join(parts, ", ")
}
