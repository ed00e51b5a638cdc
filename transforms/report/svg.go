// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
)

//go:embed charts.svg.tmpl
var svgLayout string

var svgTemplate = template.Must(template.New("svg").Parse(svgLayout))

// The layout of charts in a file, in SVG units.
const (
	svgColumns = 3
	svgGap     = 12
	svgPadding = 10 // inside a chart's card
	svgTitle   = 22 // the height of a chart's title
	svgLegend  = 16 // the height of a line of a legend
	svgName    = 34 // the most characters of a name in a legend
)

// svgView is a file of charts.
type svgView struct {
	Title         string
	Style         template.CSS
	Width, Height int
	Cards         []svgCard
}

// svgCard is one chart with its title above and its legend below.
type svgCard struct {
	chartView
	X, Y, CardWidth, CardHeight int
	Legend                      []svgLegendView
	PlotX, PlotY                int
	TitleX, TitleY              int
}

type svgLegendView struct {
	lineView
	At, TextAt int
}

// RenderSVG draws charts as one SVG file, three beside each other, for pages that
// show a picture but no part of another document: style and legends are inside it,
// it needs nothing else, runs nothing, and draws its own ground, so that it is
// legible whether the page around it is light or dark. It follows the reader's
// setting where the viewer tells it. The same charts give the same bytes.
func RenderSVG(w io.Writer, title string, charts []Chart) error {
	v := svgView{Title: title, Style: template.CSS(paletteStyle + chartStyle)} //nolint:gosec // our own embedded style sheets
	var problems []error
	f := frameOf(true)
	x, y, rowHeight := svgGap, svgGap, 0
	for i, c := range charts {
		cv, err := viewChartIn(c, f)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if i > 0 && i%svgColumns == 0 {
			x, y, rowHeight = svgGap, y+rowHeight+svgGap, 0
		}
		card := cardOf(cv, f, x, y)
		rowHeight = max(rowHeight, card.CardHeight)
		v.Width = max(v.Width, x+card.CardWidth+svgGap)
		v.Height = y + rowHeight + svgGap
		x += card.CardWidth + svgGap
		v.Cards = append(v.Cards, card)
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	if len(v.Cards) == 0 {
		return fmt.Errorf("drawing %q: there is no chart", title)
	}
	evenRows(v.Cards)
	var b bytes.Buffer
	if err := svgTemplate.Execute(&b, v); err != nil {
		return fmt.Errorf("drawing %q: %w", title, err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func cardOf(cv chartView, f frame, x, y int) svgCard {
	card := svgCard{
		chartView: cv, X: x, Y: y, CardWidth: f.width + 2*svgPadding,
		PlotX: x + svgPadding, PlotY: y + svgPadding + svgTitle, TitleX: x + svgPadding + 4, TitleY: y + svgPadding + 13,
	}
	at := card.PlotY + f.height + svgLegend/2 + 4
	for _, line := range cv.Lines {
		if line.Name == "" || line.Muted {
			continue
		}
		line.Name = legible(Clip(line.Name, svgName))
		card.Legend = append(card.Legend, svgLegendView{lineView: line, At: at, TextAt: at + 4})
		at += svgLegend
	}
	card.CardHeight = at - svgLegend/2 + svgPadding - y
	return card
}

// evenRows gives the cards of a row one height.
func evenRows(cards []svgCard) {
	for first := 0; first < len(cards); first += svgColumns {
		row := cards[first:min(first+svgColumns, len(cards))]
		height := 0
		for _, c := range row {
			height = max(height, c.CardHeight)
		}
		for i := range row {
			row[i].CardHeight = height
		}
	}
}
