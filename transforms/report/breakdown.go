// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
	"strconv"
)

// Breakdown is a table whose rows end in a bar, such as where a job's time went.
type Breakdown struct {
	Title, Note string
	// Columns name the parts' own column and those of their values.
	Columns []string
	Parts   []Part
}

// Part is one row of a [Breakdown].
type Part struct {
	Name string
	// Values has one less than there are columns; any other number is refused by
	// [Render].
	Values []string
	// Share is the length of the bar, in [0, 1].
	Share float64
}

func (Breakdown) kind() string { return "breakdown" }

type partView struct {
	Name    string
	Values  []string
	Percent string
}

func breakdownView(b Breakdown) (sectionView, error) {
	v := sectionView{Kind: b.kind(), Title: b.Title, Note: b.Note}
	for i, name := range b.Columns {
		v.Columns = append(v.Columns, Column{Name: name, Numeric: i > 0})
	}
	for i, p := range b.Parts {
		if len(p.Values)+1 != len(b.Columns) {
			return v, fmt.Errorf("part %d (%q) of breakdown %q must have a value for each of the %d columns but the first, got %d",
				i, p.Name, b.Title, len(b.Columns), len(p.Values))
		}
		if p.Share < 0 || p.Share > 1 || math.IsNaN(p.Share) {
			return v, fmt.Errorf("share of part %d (%q) of breakdown %q must be in [0, 1], got %v", i, p.Name, b.Title, p.Share)
		}
		v.Parts = append(v.Parts, partView{p.Name, p.Values, strconv.FormatFloat(100*p.Share, 'f', 1, 64)})
	}
	return v, nil
}
