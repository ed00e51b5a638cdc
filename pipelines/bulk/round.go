// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// roundResult is what a round found and did.
type roundResult struct {
	// Pictures is how many the listing has. Skipped of them were in the output
	// already, and Done were dealt with: coloured, left or rejected.
	Pictures, Skipped, Done int64
}

// round colours what src lists and the output does not hold yet: the input, or
// a selection of its references. It ends with the ledger; where there is nothing
// to do it writes nothing. It may be called again and again, also after an error.
func (d *driver) round(ctx context.Context, src source.Source) (_ roundResult, err error) {
	if d.unread {
		if err := d.read(ctx); err != nil {
			return roundResult{}, err
		}
	}
	p, err := d.planner(src)
	if err != nil {
		return roundResult{}, err
	}
	p.st, p.prefix = d.st, planPrefix(p.run, d.id)
	defer func() { d.unread = err != nil }()
	if d.session == 0 {
		d.session = p.run
	}
	if err := p.makePlan(ctx, d.layout.Output); err != nil {
		return roundResult{}, err
	}
	if d.rounds == 0 && p.total() == 0 && d.options.Watch == 0 {
		return roundResult{}, noPictures(src)
	}
	d.plan, d.run = p.roundPlan, p.run
	if err := d.work(ctx); err != nil {
		return roundResult{}, err
	}
	d.rounds++
	if d.shelf != nil && d.layout.remote() {
		d.shelf = nil // the ledger says enough from here on
	}
	return roundResult{Pictures: d.plan.total(), Skipped: d.plan.skipped, Done: d.plan.pending}, nil
}

// read reads what earlier runs have left.
func (d *driver) read(ctx context.Context) (err error) {
	if d.claimed == nil && d.ours {
		if err := d.mergeSegments(ctx, 0); err != nil {
			return err
		}
	}
	d.known = book{}
	if err := eachLine(ctx, d.st, 0, d.known.add); err != nil {
		return err
	}
	if d.claimed, err = claims(ctx, d.st); err != nil {
		return err
	}
	last, err := lastRun(ctx, d.st)
	if err != nil {
		return err
	}
	d.run = max(d.run, last)
	if d.layout.archive() {
		return d.readArchive(ctx)
	}
	if d.shelf == nil || d.session > 0 { // made since, or after a round that failed
		if d.shelf != nil {
			err = d.shelf.close()
		}
		if err == nil {
			d.shelf, err = d.openShelf(ctx)
		}
	}
	return err
}

// planner returns what compares a listing with the output. It writes no plan
// until it is told where.
func (d *driver) planner(src source.Source) (*planner, error) {
	p := &planner{
		job: d.job, overwrite: d.options.Overwrite, rejects: d.job.rejectHash(d.options.Limits),
		known: d.known, claimed: d.claimed, shelf: d.shelf,
		retry: d.options.RetryRejects, archive: d.layout.archive(), reuse: d.members, names: newTaken(), src: src,
		roundPlan: roundPlan{run: d.run + 1, listed: map[[16]byte]struct{}{}, keep: map[uint64]struct{}{}},
	}
	if d.rounds > 0 {
		p.session, p.keys = d.session, slices.Clone(d.plan.keys)
	}
	if !d.layout.archive() && !d.layout.remote() {
		p.folded = foldedFor(d.layout)
	}
	var err error
	p.fence, err = newFence(d.layout, d.options.Input)
	return p, err
}

// work colours what is in the plan.
func (d *driver) work(ctx context.Context) error {
	work := progress.Start()
	defer work.End()
	work.SetTotal(d.plan.total())
	work.Add(d.plan.total() - d.plan.pending)
	stop := work.Watch(d.options.Progress)
	defer stop()
	start, sp := time.Now(), d.spec(work.ID())
	if d.plan.pending > 0 {
		if err := d.pipeline(ctx, work, sp); err != nil {
			return err
		}
		if err := d.sweep(ctx); err != nil {
			return err
		}
	}
	if err := d.finishArchive(ctx, sp); err != nil {
		return err
	}
	if d.plan.pending == 0 {
		return nil
	}
	d.seconds += time.Since(start).Seconds()
	if err := eachLine(ctx, d.st, sp.Run, d.known.add); err != nil {
		return err
	}
	if err := d.addTotals(ctx); err != nil || d.rounds == 0 {
		return err // the first round's plan may stay until the report is there
	}
	if err := d.endRound(ctx); err != nil {
		return err
	}
	// Each round of a watch that has something to do writes a segment at least.
	return d.mergeSegments(ctx, d.session)
}

// pipeline runs the pipeline over the plan. That it was a success is what the
// totals say that it wrote, not what the runner says.
func (d *driver) pipeline(ctx context.Context, work *progress.Job, sp spec) error {
	// Those of an earlier round must not be taken for this one's.
	if err := d.st.Remove(ctx, totalsFile); err != nil {
		return fmt.Errorf("removing the totals of an earlier round: %w", err)
	}
	p, scope := runner.NewPipeline()
	build(scope, d.plan.files, sp)
	counters, err := runner.Run(ctx, d.runnerJob(work), p)
	if err != nil {
		// What a DoFn said is clearer than what the runner made of it.
		if first := work.Err(); first != nil && ctx.Err() == nil {
			return first
		}
		return err
	}
	if d.counters == nil {
		d.counters = runner.Counters{}
	}
	for name, n := range counters {
		d.counters[name] += n
	}
	return d.checkTotals(ctx)
}

// sweep removes what workers have left half written that were killed while the job
// went on without them.
func (d *driver) sweep(ctx context.Context) error {
	if d.layout.remote() || runner.IsLocal(d.options.Runner) {
		return nil
	}
	names, err := os.ReadDir(d.layout.tmp())
	for _, n := range names {
		if gone := os.Remove(filepath.Join(d.layout.tmp(), n.Name())); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	if err != nil {
		return fmt.Errorf("removing temporary files: %w", err)
	}
	return d.cleanTemp(ctx)
}

// finishArchive makes the archive whole, if the output is one and it is not.
func (d *driver) finishArchive(ctx context.Context, sp spec) error {
	switch {
	case !d.layout.archive():
		return nil
	case d.plan.pending > 0 || !d.reusable || len(d.plan.keep) != d.archive.Members:
		return d.assemble(ctx, sp)
	case d.unrecorded:
		return d.settleArchive(ctx)
	}
	return nil
}

func (d *driver) spec(jobID string) spec {
	s := d.options.settings()
	return spec{
		Input: d.options.Input, Layout: d.layout, Settings: s, Claim: d.rights(), Run: d.plan.run,
		Model: d.job.ModelHash, Hash: d.job.hash(), RejectHash: d.job.rejectHash(s.Limits),
		Show: d.plan.show, SegmentLines: d.segmentLines, Parts: partCount(d.plan.pending, d.partSize),
		Retry: d.options.RetryRejects, JobID: jobID,
	}
}
