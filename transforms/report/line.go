// SPDX-License-Identifier: Apache-2.0

package report

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

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
		v.Broken = last+1 < len(s.Y) && !slices.ContainsFunc(s.Y[last+1:], finite)
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

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
