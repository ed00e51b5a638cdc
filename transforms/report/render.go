// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

var (
	//go:embed palette.css
	paletteStyle string
	//go:embed chart.css
	chartStyle string
	//go:embed style.css
	pageStyle string
	style     = paletteStyle + chartStyle + pageStyle
	//go:embed page.html
	layout string
	//go:embed pictures.html
	pictures string
	//go:embed chapters.html
	chapters string

	page = template.Must(template.Must(template.Must(template.New("page").Parse(layout)).Parse(pictures)).Parse(chapters))
)

// Render writes the page as HTML in UTF-8. Nothing is written unless the whole
// page can be rendered: pictures must be PNG or JPEG, series must have as many
// x as y values, table rows no more cells than columns, histograms ascending
// bounds and a count for each bin, parts of a breakdown a share in [0, 1] and a
// value for each column, and the items of a timeline and the rows of a
// comparison one picture for each moment or run.
func Render(w io.Writer, p Page) error {
	v := pageView{Page: p, Style: template.CSS(style)} //nolint:gosec // our own embedded style sheet
	var problems []error
	for i, s := range p.Sections {
		sv, err := viewOf(s)
		if err != nil {
			problems = append(problems, fmt.Errorf("rendering section %d: %w", i, err))
		}
		sv.ID = i
		v.admit(sv)
		v.Views = append(v.Views, sv)
	}
	v.link()
	if err := errors.Join(append(problems, uniqueAnchors(v.Views))...); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		return fmt.Errorf("rendering report %q: %w", p.Title, err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// The views are what the template sees.
type (
	pageView struct {
		Page
		Style template.CSS
		Views []sectionView
		// Script and ScriptHash are empty where nothing on the page moves.
		Script     template.JS
		ScriptHash string
		// Linked is the source of pictures beside the page, empty where all are
		// inside it.
		Linked string
	}
	sectionView struct {
		ID          int
		Kind        string
		Title, Note string
		Paragraphs  []string
		Points      []string
		Boxed       bool
		Anchor      string // of a group, which contents link to
		Links       []sectionView
		Members     []sectionView
		Strips      []stripView
		Compact     bool
		Caption     string
		RowHeads    bool
		Columns     []Column
		Rows        [][]cellView
		Charts      []chartView
		Histograms  []histogramView
		Items       []itemView
		Tiles       []tileView
		Swatches    []Swatch
		Moments     []momentView
		LastMoment  int
		Slider      bool
		Runs        []string
		Compared    []comparisonRowView
		Pairs       []pairView
		Parts       []partView
		Reasons     []reasonView
		Rejects     []fault.Reject
		Hidden      string // how many rejects are not listed
	}
	cellView struct {
		Text          string
		Numeric, Best bool
		Head          bool
	}
	itemView struct {
		Caption         string
		Pictures, After []pictureView
		Frames          []momentView
	}
	pictureView struct {
		Label, Alt    string
		Source        template.URL
		Width, Height int
		Small         bool
	}
)

func viewOf(s Section) (sectionView, error) {
	switch s := s.(type) {
	case Text:
		return sectionView{Kind: s.kind(), Title: s.Title, Paragraphs: s.Paragraphs, Points: s.Points, Boxed: s.Boxed}, nil
	case Table:
		return tableView(s)
	case Curves:
		return curvesView(s)
	case Histograms:
		return histogramsView(s)
	case Swatches:
		return sectionView{Kind: s.kind(), Title: s.Title, Note: s.Note, Swatches: s.Items}, nil
	case Gallery:
		return galleryView(s)
	case ContactSheet:
		return sheetView(s)
	case Pairs:
		return pairsView(s)
	case Breakdown:
		return breakdownView(s)
	case Timeline:
		return timelineView(s)
	case Comparison:
		return comparisonView(s)
	case Group:
		return groupView(s)
	case Contents:
		return sectionView{Kind: s.kind(), Title: s.Title}, nil
	case Strips:
		return stripsView(s)
	case Rejects:
		return rejectsView(s), nil
	default:
		return sectionView{}, fmt.Errorf("section kind %T is unknown; pass sections by value", s)
	}
}

func tableView(t Table) (sectionView, error) {
	v := sectionView{Kind: t.kind(), Title: t.Title, Note: t.Note, Columns: t.Columns, Caption: t.Caption, RowHeads: t.RowHeads}
	for i, row := range t.Rows {
		if len(row) > len(t.Columns) {
			return v, fmt.Errorf("row %d of table %q must have at most %d cells, got %d", i, t.Title, len(t.Columns), len(row))
		}
		cells := make([]cellView, len(t.Columns))
		for j := range cells {
			cells[j].Numeric, cells[j].Head = t.Columns[j].Numeric, t.RowHeads && j == 0
			if j < len(row) {
				cells[j].Text = row[j]
			}
		}
		v.Rows = append(v.Rows, cells)
	}
	for _, c := range t.Best {
		if c.Row < 0 || c.Row >= len(v.Rows) || c.Column < 0 || c.Column >= len(t.Columns) {
			return v, fmt.Errorf("best cell of table %q must be in its %d rows and %d columns, got row %d, column %d",
				t.Title, len(t.Rows), len(t.Columns), c.Row, c.Column)
		}
		v.Rows[c.Row][c.Column].Best = true
	}
	return v, nil
}
