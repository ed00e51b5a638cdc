// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"image"
	_ "image/jpeg" // registers the formats a page can hold
	_ "image/png"
	"io"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// smallPicture is the side in pixels up to which a picture is enlarged without
// smoothing: a 64-pixel face shown at three times its size is sharper so.
const smallPicture = 96

var (
	//go:embed style.css
	style string
	//go:embed page.html
	layout string

	page = template.Must(template.New("page").Parse(layout))
)

// Render writes the page as HTML in UTF-8. Nothing is written unless the whole
// page can be rendered: pictures must be PNG or JPEG, series must have as many
// x as y values, and table rows no more cells than columns.
func Render(w io.Writer, p Page) error {
	v := pageView{Page: p, Style: template.CSS(style)} //nolint:gosec // our own embedded style sheet
	var problems []error
	for i, s := range p.Sections {
		sv, err := viewOf(s)
		if err != nil {
			problems = append(problems, fmt.Errorf("rendering section %d: %w", i, err))
		}
		sv.ID = i
		v.Views = append(v.Views, sv)
	}
	if err := errors.Join(problems...); err != nil {
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
	}
	sectionView struct {
		ID          int
		Kind        string
		Title, Note string
		Paragraphs  []string
		Columns     []Column
		Rows        [][]cellView
		Charts      []chartView
		Items       []itemView
		Reasons     []reasonView
		Rejects     []fault.Reject
		Hidden      int
	}
	cellView struct {
		Text    string
		Numeric bool
	}
	itemView struct {
		Caption  string
		Pictures []pictureView
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
		return sectionView{Kind: s.kind(), Title: s.Title, Paragraphs: s.Paragraphs}, nil
	case Table:
		return tableView(s)
	case Curves:
		return curvesView(s)
	case Gallery:
		return galleryView(s)
	case Rejects:
		return rejectsView(s), nil
	default:
		return sectionView{}, fmt.Errorf("section kind %T is unknown; pass sections by value", s)
	}
}

func tableView(t Table) (sectionView, error) {
	v := sectionView{Kind: t.kind(), Title: t.Title, Note: t.Note, Columns: t.Columns}
	for i, row := range t.Rows {
		if len(row) > len(t.Columns) {
			return v, fmt.Errorf("row %d of table %q must have at most %d cells, got %d", i, t.Title, len(t.Columns), len(row))
		}
		cells := make([]cellView, len(t.Columns))
		for j := range cells {
			cells[j].Numeric = t.Columns[j].Numeric
			if j < len(row) {
				cells[j].Text = row[j]
			}
		}
		v.Rows = append(v.Rows, cells)
	}
	return v, nil
}

func galleryView(g Gallery) (sectionView, error) {
	v := sectionView{Kind: g.kind(), Title: g.Title, Note: g.Note}
	for i, item := range g.Items {
		iv := itemView{Caption: item.Caption}
		for j, p := range item.Pictures {
			pv, err := viewPicture(p, item.Caption)
			if err != nil {
				return v, fmt.Errorf("picture %d of item %d (%q): %w", j, i, item.Caption, err)
			}
			iv.Pictures = append(iv.Pictures, pv)
		}
		v.Items = append(v.Items, iv)
	}
	return v, nil
}

func viewPicture(p Picture, caption string) (pictureView, error) {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(p.Data))
	if err != nil {
		return pictureView{}, fmt.Errorf("reading a picture's header: %w", err)
	}
	if format != "png" && format != "jpeg" {
		return pictureView{}, fmt.Errorf("pictures must be PNG or JPEG, got %q", format)
	}
	// Base64 of checked bytes: nothing of it can leave the attribute.
	uri := "data:image/" + format + ";base64," + base64.StdEncoding.EncodeToString(p.Data)
	return pictureView{
		Label:  p.Label,
		Alt:    alt(p.Label, caption),
		Source: template.URL(uri), //nolint:gosec // see above
		Width:  cfg.Width,
		Height: cfg.Height,
		Small:  cfg.Width <= smallPicture && cfg.Height <= smallPicture,
	}, nil
}

func alt(label, caption string) string {
	switch {
	case label == "":
		return caption
	case caption == "":
		return label
	}
	return caption + ", " + label
}
