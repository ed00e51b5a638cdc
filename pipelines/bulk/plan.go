// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
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
	// Reuse says that the finished archive of an earlier run holds the picture.
	Reuse bool `json:"reuse,omitempty"`
}

// planFile is how many items go into one plan file, the pipeline's element.
const planFile = 2000

// plan is what the driver finds before a run.
type plan struct {
	run     int
	files   []string // of items to do
	listed  map[[16]byte]struct{}
	pending int64
	bytes   int64    // of the pending pictures' files
	show    string   // the largest key of the pictures that the report shows
	digest  string   // of the whole listing
	keys    []string // of the pictures that the report may show, sorted
}

func (p *plan) total() int64 { return int64(len(p.listed)) }

// shown is how many pictures get thumbnails, and maxPairs how many of them the
// report shows: the others stand in for rejects.
const (
	shown    = 32
	maxPairs = 24
)

// planner turns a listing into a plan.
type planner struct {
	layout    layout
	job       job
	overwrite bool
	rejects   string // settings hash of rejects
	known     book   // the ledger of earlier runs
	claimed   map[[16]byte]struct{}
	root      *os.Root // of the output folder; nil for an archive
	reuse     bool     // of the finished archive
	names     *taken
	folded    folded // names, where the output does not tell case apart
	fence     *fence
	src       source.Source

	plan
	lines   []item
	foreign strangers
	hash    *digester
	// skipped pictures are in the output already; unsettled ones need work.
	skipped, unsettled int64
}

// add looks at one picture of the listing.
func (p *planner) add(ctx context.Context, r source.Ref) error {
	if err := p.fence.check(r); err != nil {
		return err
	}
	it := item{Ref: r, Key: keyOf(r, p.src.URI())}
	raw, err := rawKey(it.Key)
	if err != nil {
		return err
	}
	name, encoding, err := outputName(r.Member, p.job.Format)
	if err != nil {
		err = p.explain(ctx, r, err)
	} else if err = p.names.add(name, r.URI); err == nil {
		err = p.folded.add(name)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		reject := fault.RejectOf("", fault.StageWrite, err)
		it.Stage, it.Reason, it.Transient = string(reject.Stage), reject.Reason, reject.Transient
	} else {
		it.Output, it.Encoding = name, string(encoding)
	}
	p.listed[raw] = struct{}{}
	p.hash.add(it.Key, versionOf(r))
	p.selectShown(it.Key)
	if p.root != nil {
		if p.present(raw, it) {
			p.skipped++
			return nil
		}
		if p.rejected(raw, it) {
			return nil
		}
		if foreign, err := p.isForeign(raw, it); err != nil || foreign {
			return err
		}
	} else {
		it.Reuse = p.reuse && p.done(raw, it)
		switch {
		case it.Reuse:
			p.skipped++
		case !p.rejected(raw, it):
			p.unsettled++
		}
	}
	return p.append(it)
}

// explain says why a picture has no name. A source lists what it cannot read,
// such as an archive that a list names, under a name that need not be a
// picture's: reading it tells more than its name.
func (p *planner) explain(ctx context.Context, r source.Ref, named error) error {
	if r.Size > 0 {
		return named
	}
	if _, err := p.src.Read(ctx, r, 1); isPicture(err) {
		return err
	}
	return named
}

// rejected reports whether an earlier run has given the picture up for good.
func (p *planner) rejected(raw [16]byte, it item) bool {
	e, ok := p.known[raw]
	return ok && e.state == stateRejected && e.match == matchOf(versionOf(it.Ref), p.job.ModelHash, p.rejects)
}

// present reports whether an earlier run has coloured the picture and the
// result is still there.
func (p *planner) present(raw [16]byte, it item) bool {
	if !p.done(raw, it) {
		return false
	}
	info, err := p.root.Lstat(filepath.FromSlash(it.Output))
	return err == nil && info.Mode().IsRegular() && info.Size() == p.known[raw].bytes
}

// done reports whether the ledger has the picture as coloured, from the same
// bytes in the same way.
func (p *planner) done(raw [16]byte, it item) bool {
	e, ok := p.known[raw]
	return ok && e.state == stateDone && e.match == matchOf(versionOf(it.Ref), p.job.ModelHash, p.job.hash())
}

// isForeign notes a file that is where the coloured picture belongs and that
// this job has not written. Such a picture does not get into the plan, which
// would claim its name.
func (p *planner) isForeign(raw [16]byte, it item) (bool, error) {
	if p.overwrite || it.Output == "" {
		return false, nil
	}
	if e, ok := p.known[raw]; ok && e.state == stateDone {
		return false, nil
	}
	if _, ok := p.claimed[raw]; ok {
		return false, nil
	}
	return p.foreign.look(p.root, it.Output)
}

// selectShown keeps the smallest keys: a sample that is spread over the input,
// and the same whatever was done in which run.
func (p *planner) selectShown(key string) {
	i, _ := slices.BinarySearch(p.keys, key)
	if i < shown {
		p.keys = slices.Insert(p.keys, i, key)[:min(len(p.keys)+1, shown)]
	}
}

func (p *planner) append(it item) error {
	p.pending++
	p.bytes += it.Ref.Size
	p.lines = append(p.lines, it)
	if len(p.lines) < planFile {
		return nil
	}
	return p.flush()
}

func (p *planner) flush() error {
	if len(p.lines) == 0 {
		return nil
	}
	name := filepath.Join(p.layout.plan(), fmt.Sprintf("%06d-%06d.jsonl", p.run, len(p.files)))
	if err := p.layout.publish(name, func(w io.Writer) error { return writeLines(w, p.lines) }); err != nil {
		return err
	}
	p.files = append(p.files, name)
	p.lines = p.lines[:0]
	return nil
}

// makePlan lists the source and writes the plan of this run.
func (p *planner) makePlan(ctx context.Context) error {
	if err := p.src.List(ctx, func(r source.Ref) error { return p.add(ctx, r) }); err != nil {
		if fault.IsRequest(err) {
			p.layout.dropPlan(p.run)
		}
		return err
	}
	if p.total() == 0 {
		return noPictures(p.src)
	}
	if err := p.foreign.refuse(p.layout); err != nil {
		p.layout.dropPlan(p.run)
		return err
	}
	if err := p.flush(); err != nil {
		return err
	}
	p.show = p.keys[len(p.keys)-1]
	p.digest = p.hash.sum()
	failpoint.Hit(fpPlanWritten)
	return nil
}
