// SPDX-License-Identifier: Apache-2.0

// Package report renders what a job did as one self-contained HTML page:
// figures, tables, curves, histograms, pictures beside or on each other and lists
// of rejects. [DatasetPage] makes the page of a data set.
//
// A page needs no network: style, pictures (data URIs) and curves (inline SVG)
// are inside it, and its content security policy forbids everything else, but for
// the files beside it that [Strips] name. Only a page with a [Timeline] or [Pairs]
// runs a script, the one whose hash the policy names, and without it still shows
// everything. [RenderMarkdown] writes a page of chapters for hosts of code that show
// no HTML, and [RenderSVG] its charts.
// It follows the reader's light or dark setting and fits a phone. All text is
// escaped; names of pictures are outside input and are treated as such.
//
// The same page rendered twice gives the same bytes. The package imports
// neither Beam nor GoMLX; bulk, train, demo, inspect and report share it.
package report

import "github.com/chromabeam/chromabeam/transforms/fault"

// Page is a whole report.
type Page struct {
	// Title names the job, such as "Bulk colouring of faces".
	Title string
	// Lead says in a sentence or two what was done and how it ended.
	Lead string
	// Facts are the headline figures, shown large under the lead.
	Facts []Fact
	// Sections follow in order.
	Sections []Section
	// Footer is a closing line, such as the tool's version.
	Footer string
}

// Fact is one headline figure.
type Fact struct {
	// Label names the figure, such as "pictures".
	Label string
	// Value is the figure, formatted, such as "6,000".
	Value string
	// Note is a short remark under it; it may be empty.
	Note string
}

// Section is one part of a page: [Text], [Table], [Breakdown], [Curves],
// [Histograms], [Swatches], [Gallery], [ContactSheet], [Pairs], [Timeline],
// [Comparison], [Strips], [Rejects], [Contents] or [Group].
type Section interface{ kind() string }

// Text is prose.
type Text struct {
	Title      string
	Paragraphs []string
	// Points follow the paragraphs as a list.
	Points []string
	// Boxed sets the text off from what surrounds it: what must not be missed.
	Boxed bool
}

// Table is a table of strings. Rows may be shorter than Columns; what a row has
// beyond them is an error of the caller and is refused by [Render].
type Table struct {
	Title, Note string
	Columns     []Column
	Rows        [][]string
	// Best are the cells to stand out, such as the best run's figures. A cell
	// that the table does not have is refused by [Render].
	Best []Cell
	// RowHeads makes the first cell of each row its header.
	RowHeads bool
	// Caption is the table's own, for one whose title does not say what it holds.
	Caption string
}

// Cell is a place in a [Table], counted from 0 and without the header.
type Cell struct{ Row, Column int }

// Column describes one column of a [Table].
type Column struct {
	Name string
	// Numeric aligns the column to the right, with figures of equal width.
	Numeric bool
}

// Curves is a set of charts, laid out beside each other where the page is wide
// enough.
type Curves struct {
	Title, Note string
	Charts      []Chart
	// Compact draws the charts small, three beside each other on a wide page.
	Compact bool
	// File is the path of the same charts as a file of [RenderSVG] beside the page,
	// for [RenderMarkdown]; [Render] draws them into the page.
	File string
}

// Chart is one pair of axes with its series.
type Chart struct {
	Title, XLabel, YLabel string
	// Summary is what readers who cannot see the drawing get of it; where empty,
	// the last values.
	Summary string
	// FromZero lets the vertical axis begin at 0, as rates and counts should,
	// where no value is negative.
	FromZero bool
	// LogY draws the vertical axis logarithmically. Values that are not
	// positive are then left out.
	LogY   bool
	Series []Series
}

// Series is one curve. X and Y have equal lengths and X does not decrease;
// values that are not finite interrupt the line, and where they last to its end
// a cross marks the last finite value: the run diverged. Long series are thinned
// to their extremes per column of the drawing.
//
// Eight series differ in color, the next eight are dotted as well.
type Series struct {
	Name string
	X, Y []float64
	// Muted draws the curve faint and without a place of its own in the
	// palette: raw values behind their running mean. It takes the color of the
	// series that follows it.
	Muted bool
	// Dashed draws the curve dashed in the color of the series before it that
	// is neither dashed nor muted: a run's validation beside its training.
	Dashed bool
}

// Rejects lists pictures that were not used, with counts by reason. Names and
// reasons are cut to some 200 characters each.
type Rejects struct {
	Title, Note string
	// Total is the number of all rejects, of which Items may be a selection;
	// where it is smaller than len(Items), len(Items) counts.
	Total int
	Items []fault.Reject
	// Reasons count all rejects, the most frequent first; the page shows the
	// first dozen. Where nil, they are counted over Items.
	Reasons []Reason
}

// Reason is the number of pictures that were not used for one reason.
type Reason struct {
	Stage  fault.Stage
	Reason string
	Count  int64
}

func (Text) kind() string    { return "text" }
func (Table) kind() string   { return "table" }
func (Curves) kind() string  { return "curves" }
func (Rejects) kind() string { return "rejects" }
