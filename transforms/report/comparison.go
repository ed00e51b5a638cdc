// SPDX-License-Identifier: Apache-2.0

package report

import "fmt"

// Comparison shows the same subjects under several runs, one column for each,
// so that what differs between runs stands side by side. Where it is wider than
// the page it scrolls, and the subjects stay in view.
type Comparison struct {
	Title, Note string
	// Columns are the names of the runs.
	Columns []string
	Rows    []ComparisonRow
}

// ComparisonRow is one subject of a [Comparison].
type ComparisonRow struct {
	Caption string
	// Before are the pictures that all runs share, such as gray and true.
	Before []Picture
	// Pictures has one picture for each column; any other number is refused by
	// [Render]. One without data leaves its place empty: a run that has none.
	Pictures []Picture
}

func (Comparison) kind() string { return "comparison" }

func comparisonView(c Comparison) (sectionView, error) {
	v := sectionView{Kind: c.kind(), Title: c.Title, Note: c.Note, Runs: c.Columns}
	for i, row := range c.Rows {
		if len(row.Pictures) != len(c.Columns) {
			return v, fmt.Errorf("row %d (%q) of comparison %q must have a picture for each of the %d columns, got %d",
				i, row.Caption, c.Title, len(c.Columns), len(row.Pictures))
		}
		before, err := viewPictures(row.Before, row.Caption)
		if err != nil {
			return v, fmt.Errorf("row %d (%q), before: %w", i, row.Caption, err)
		}
		rv := comparisonRowView{Caption: row.Caption, Before: before}
		for j, p := range row.Pictures {
			if len(p.Data) == 0 {
				rv.Cells = append(rv.Cells, pictureView{Label: p.Label})
				continue
			}
			pv, err := viewPicture(p, alt(c.Columns[j], row.Caption))
			if err != nil {
				return v, fmt.Errorf("row %d (%q), column %q: %w", i, row.Caption, c.Columns[j], err)
			}
			rv.Cells = append(rv.Cells, pv)
		}
		v.Compared = append(v.Compared, rv)
	}
	return v, nil
}

type comparisonRowView struct {
	Caption       string
	Before, Cells []pictureView
}
