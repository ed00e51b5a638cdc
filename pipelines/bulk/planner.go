// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// planner turns a listing into a plan.
type planner struct {
	job       job
	overwrite bool
	rejects   string // settings hash of rejects
	known     book   // the ledger
	claimed   map[[16]byte]struct{}
	// session is the first run of this process's job if it has had a round, else
	// 0; retry asks for permanent rejects of earlier ones to be tried again.
	session int
	retry   bool
	// shelf is what the output folder holds. It is nil for an archive, and in
	// later rounds of a job under gs://, whose ledger says enough.
	shelf   shelf
	archive bool
	reuse   map[uint64]struct{} // what the finished archive holds, by tags
	names   *taken
	folded  folded // names, where the output does not tell case apart
	fence   *fence
	src     source.Source
	st      store.Store // of the records; nil to write no plan
	prefix  string      // of the plan files' names
	visit   func(item)  // where not nil, is told of each picture to do

	roundPlan
	lines     []item
	strangers strangers
}

// foreign rejects a picture whose name another's file has taken.
func foreign() *fault.PictureError {
	return &fault.PictureError{Stage: fault.StageWrite, Reason: "the output holds another file of this name", Transient: true}
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
	name, encoding, err := p.job.naming().output(r.Member)
	if err != nil {
		err = p.explain(ctx, r, err)
	} else if err = p.names.add(name, r.URI); err == nil {
		err = p.folded.add(name)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		it.reject(err)
	} else {
		it.Output, it.Encoding = name, string(encoding)
	}
	p.listed[raw] = struct{}{}
	p.selectShown(it.Key)
	if p.rejected(raw, it) || p.left(raw, it) {
		return nil
	}
	if p.archive {
		if tag, ok := p.packed(raw, it); ok {
			p.skipped++
			p.keep[tag] = struct{}{}
			return nil
		}
		return p.append(ctx, it)
	}
	settled, err := p.settled(raw, &it)
	if err != nil || settled {
		return err
	}
	return p.append(ctx, it)
}

// settled reports whether an output folder needs no work for a picture: it is
// there, or a file that is not the job's has its place. Such a picture does not
// get into the plan, which would claim its name.
func (p *planner) settled(raw [16]byte, it *item) (bool, error) {
	e, known := p.known[raw]
	done := p.done(raw, *it)
	if it.Output == "" {
		return false, nil
	}
	if p.shelf == nil {
		// What this job has written since it took over is in the ledger.
		if known && e.generation != 0 && e.owns(it.Output) {
			it.Found = strconv.FormatInt(e.generation, 10)
		}
		p.count(done)
		return done, nil
	}
	_, ours := p.claimed[raw]
	ours = ours || p.overwrite || known && e.owns(it.Output)
	f, err := p.shelf.find(it.Output)
	if err != nil && !ours { // else writing will say what is wrong
		return false, err
	}
	if done && f.regular && f.size == e.bytes && f.generation == e.generation {
		p.count(true)
		return true, nil
	}
	it.Found = f.version()
	switch {
	case !f.there || ours:
		return false, nil
	case p.session > 0: // it came since the job began
		it.reject(foreign())
		return false, nil
	}
	p.strangers.add(it.Output)
	return true, nil
}

func (p *planner) count(skipped bool) {
	if skipped {
		p.skipped++
	}
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

// selectShown keeps the smallest keys: a sample that is spread over the input,
// and the same whatever was done in which run. A watch keeps those of all its
// rounds, so that few of what comes and goes get thumbnails.
func (p *planner) selectShown(key string) {
	i, found := slices.BinarySearch(p.keys, key)
	if i < shown && !found {
		p.keys = slices.Insert(p.keys, i, key)[:min(len(p.keys)+1, shown)]
	}
}

func (p *planner) append(ctx context.Context, it item) error {
	p.pending++
	p.bytes += it.Ref.Size
	if p.visit != nil {
		p.visit(it)
	}
	if p.st == nil {
		return nil
	}
	p.lines = append(p.lines, it)
	if len(p.lines) < planFile {
		return nil
	}
	return p.flush(ctx)
}

func (p *planner) flush(ctx context.Context) error {
	if len(p.lines) == 0 {
		return nil
	}
	name := fmt.Sprintf("%s%06d.jsonl", p.prefix, len(p.files))
	_, err := p.st.Publish(ctx, name, store.Absent(), func(w io.Writer) error { return plan.WriteLines(w, p.lines) })
	if err != nil {
		return fmt.Errorf("writing a plan: %w", err)
	}
	p.files = append(p.files, name)
	p.lines = p.lines[:0]
	return nil
}

// makePlan lists the source and writes the plan of this round. After a request
// error nothing of it stays: a plan would claim names.
func (p *planner) makePlan(ctx context.Context, output string) error {
	err := p.src.List(ctx, func(r source.Ref) error { return p.add(ctx, r) })
	if err == nil {
		err = p.strangers.refuse(output)
	}
	if err != nil {
		if p.st != nil && fault.IsRequest(err) {
			// A plan that stays claims only names that were free.
			_ = dropPlans(context.WithoutCancel(ctx), p.st, p.prefix)
		}
		return err
	}
	if p.total() == 0 {
		return nil
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	p.show = p.keys[len(p.keys)-1]
	if p.pending > 0 {
		failpoint.Hit(fpPlanWritten)
	}
	return nil
}
