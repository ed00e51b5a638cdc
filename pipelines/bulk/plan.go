// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// item is a picture to be done: what crosses a shuffle. A picture that the
// listing alone rejects travels as well, so that its line is written like any
// other's.
type item struct {
	Ref source.Ref `json:"ref"`
	Key string     `json:"key"`
	// Output is the coloured picture's name, Encoding its format; both are
	// empty for a reject.
	Output   string `json:"output,omitempty"`
	Encoding string `json:"encoding,omitempty"`
	// Stage, Reason and Transient reject the picture.
	Stage     string `json:"stage,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Transient bool   `json:"transient,omitempty"`
	// Found is what lies under the output's name and is to be replaced: under gs://
	// its generation. It is empty where nothing was, and then nothing is replaced.
	Found string `json:"found,omitempty"`
}

func (it *item) reject(err error) {
	r := fault.RejectOf("", fault.StageWrite, err)
	it.Stage, it.Reason, it.Transient = string(r.Stage), r.Reason, r.Transient
	it.Output, it.Encoding = "", ""
}

// planFile is how many items go into one plan file, the pipeline's element.
const planFile = 2000

// roundPlan is what the driver finds before a round.
type roundPlan struct {
	run     int
	files   []string // of items to do
	listed  map[[16]byte]struct{}
	pending int64
	bytes   int64    // of the pending pictures' files
	show    string   // the largest key of the pictures that the report shows
	keys    []string // of the pictures that the report may show, sorted
	// skipped pictures are in the output already; keep are the tags of those in a
	// finished archive.
	skipped int64
	keep    map[uint64]struct{}
}

func (p *roundPlan) total() int64 { return int64(len(p.listed)) }

// shown is how many pictures get thumbnails, and maxPairs how many of them the
// report shows: the others stand in for rejects.
const (
	shown    = 32
	maxPairs = 24
)
