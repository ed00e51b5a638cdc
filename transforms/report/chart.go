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
	marginLeft, marginRight = 52, 12
	marginTop, marginBottom = 10, 40
	plotRight               = chartWidth - marginRight
	plotBottom              = chartHeight - marginBottom
	palette                 = 6
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
	}
	tickView struct {
		At, Text string
	}
	lineView struct {
		Name   string
		Path   string
		Color  int // index into the palette
		Dash   bool
		Muted  bool
		Last   string
		DotX   string
		DotY   string
		HasDot bool
	}
)

func curvesView(c Curves) (sectionView, error) {
	v := sectionView{Kind: c.kind(), Title: c.Title, Note: c.Note}
	for _, chart := range c.Charts {
		cv, err := viewChart(chart)
		if err != nil {
			return v, err
		}
		v.Charts = append(v.Charts, cv)
	}
	return v, nil
}

func viewChart(c Chart) (chartView, error) {
	v := chartView{
		Title: c.Title, XLabel: c.XLabel, YLabel: c.YLabel,
		Width: chartWidth, Height: chartHeight,
		Left: marginLeft, Right: plotRight, Top: marginTop, Bottom: plotBottom,
		XMiddle: (marginLeft + plotRight) / 2, YMiddle: (marginTop + plotBottom) / 2,
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
	sx, xt := fitData(x, 6)
	sx.from, sx.to = marginLeft, plotRight
	sy, yt := fit(y.lo, y.hi, c.LogY, 5)
	sy.from, sy.to = plotBottom, marginTop
	v.XTicks, v.YTicks = tickViews(sx, xt), tickViews(sy, yt)

	color := 0
	for _, s := range c.Series {
		line := viewLine(s, sx, sy)
		line.Color, line.Dash = color%palette, color/palette%2 == 1
		v.Lines = append(v.Lines, line)
		if !s.Muted {
			color++
		}
	}
	v.Summary, v.Empty = summary(c, v), x.lo > x.hi
	return v, nil
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

// viewLine draws a series as an SVG path. Within one column of the drawing only
// the first, the lowest, the highest and the last point are kept: a hundred
// thousand steps draw as a few kilobytes and look the same.
func viewLine(s Series, sx, sy scale) lineView {
	v := lineView{Name: s.Name, Muted: s.Muted}
	var b strings.Builder
	pen, last := false, -1
	var column []point
	draw := func() {
		for _, p := range thin(column) {
			command := " L"
			if !pen {
				command, pen = " M", true
			}
			b.WriteString(command + coordinate(p.x) + " " + coordinate(p.y))
		}
		column = column[:0]
	}
	for i := range s.X {
		if !drawable(s.X[i], s.Y[i], sy.log) {
			draw()
			pen = false
			continue
		}
		p := point{sx.at(flush(s.X[i])), sy.at(flush(s.Y[i]))}
		if len(column) > 0 && math.Floor(column[0].x) != math.Floor(p.x) {
			draw()
		}
		column = append(column, p)
		last = i
	}
	draw()
	v.Path = strings.TrimSpace(b.String())
	if last >= 0 {
		v.Last = figure(s.Y[last])
		v.HasDot = true
		v.DotX, v.DotY = coordinate(sx.at(flush(s.X[last]))), coordinate(sy.at(flush(s.Y[last])))
	}
	return v
}

type point struct{ x, y float64 }

func thin(column []point) []point {
	if len(column) <= 4 {
		return column
	}
	lo, hi := 0, 0
	for i, p := range column {
		if p.y < column[lo].y {
			lo = i
		}
		if p.y > column[hi].y {
			hi = i
		}
	}
	out := column[:1:1]
	for _, i := range []int{min(lo, hi), max(lo, hi)} {
		if i != 0 && i != len(column)-1 {
			out = append(out, column[i])
		}
	}
	return append(out, column[len(column)-1])
}

// figure formats a value with four digits, as the legend shows it.
func figure(v float64) string {
	if a := math.Abs(v); a >= 1e4 && a < 1e15 || a == 0 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// summary is the drawing's text for readers who cannot see it.
func summary(c Chart, v chartView) string {
	var parts []string
	for _, l := range v.Lines {
		if l.Last != "" {
			parts = append(parts, l.Name+" ends at "+l.Last)
		}
	}
	if len(parts) == 0 {
		return c.Title + ": no values yet"
	}
	return c.Title + ": " + strings.Join(parts, ", ")
}
