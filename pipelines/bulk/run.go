// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// Run colours every picture of the input that the output does not hold yet. A
// picture that cannot be used becomes a reject and the job goes on; a request
// that cannot work is a [fault.RequestError] before any picture is touched. If
// ctx ends the job stops, and the next run goes on from there.
func Run(ctx context.Context, o Options) (Summary, error) {
	start := time.Now()
	if err := cmp.Or(o.Validate(), runner.Validate(o.Runner)); err != nil {
		return Summary{}, fault.AsRequest(err)
	}
	l, err := newLayout(o.Output)
	if err != nil {
		return Summary{}, err
	}
	src, err := source.Open(ctx, o.Input)
	if err != nil {
		return Summary{}, err
	}
	defer src.Close()
	defer source.Forget(o.Input)
	if err := l.apart(o.Input); err != nil {
		return Summary{}, err
	}
	engine, giveBack, err := inference.Lease(o.settings())
	if err != nil {
		return Summary{}, fault.AsRequest(err)
	}
	d := &driver{options: o, layout: l, start: start, engine: engine}
	s, err := d.run(ctx, src)
	return s, errors.Join(err, giveBack())
}

// run does the work, once the request is known to make sense and the model is
// loaded.
func (d *driver) run(ctx context.Context, src source.Source) (Summary, error) {
	if err := d.open(ctx, src); err != nil {
		return Summary{}, err
	}
	if err := d.list(ctx, src); err != nil {
		return Summary{}, err
	}
	if err := d.color(ctx); err != nil {
		return Summary{}, err
	}
	return d.close()
}

// driver is one run.
type driver struct {
	options Options
	layout  layout
	start   time.Time
	engine  *inference.Engine
	job     job
	plan    plan
	archive archiveRecord // of the finished archive, if finished
	// finished says that the archive is whole and has nothing to gain.
	finished bool
	skipped  int64
	totals   totals
	counters runner.Counters
	seconds  float64 // of the pipeline
}

// open takes possession of the output, if the request can work.
func (d *driver) open(ctx context.Context, src source.Source) (err error) {
	if d.job, err = newJob(d.options, d.engine); err != nil {
		return err
	}
	if err := d.job.settle(d.layout, d.options.Overwrite); err != nil {
		return err
	}
	if !d.options.Overwrite {
		if err := d.layout.free(); err != nil {
			return err
		}
	}
	if err := d.survey(ctx, src); err != nil {
		return err
	}
	if err := d.layout.claim(d.options.Overwrite); err != nil {
		return err
	}
	return d.job.write(d.layout)
}

// list compares the source with the ledger and writes the plan.
func (d *driver) list(ctx context.Context, src source.Source) (err error) {
	p := &planner{
		layout: d.layout, job: d.job, overwrite: d.options.Overwrite, rejects: d.job.rejectHash(d.options.Limits),
		known: book{}, names: newTaken(), src: src, hash: newDigester(), plan: plan{listed: map[[16]byte]struct{}{}},
	}
	if p.run, err = d.layout.nextRun(); err != nil {
		return err
	}
	if p.fence, err = newFence(d.layout, d.options.Input); err != nil {
		return err
	}
	if err := d.layout.eachLine(p.known.add); err != nil {
		return err
	}
	if p.claimed, err = d.layout.claims(); err != nil {
		return err
	}
	if d.layout.Archive {
		if err := d.checkArchive(p); err != nil {
			return err
		}
	} else {
		if p.root, err = os.OpenRoot(d.layout.Output); err != nil {
			return fmt.Errorf("opening output: %w", err)
		}
		defer p.root.Close()
		p.folded = foldedFor(d.layout)
	}
	if err := p.makePlan(ctx); err != nil {
		return err
	}
	d.plan = p.plan
	if d.layout.Archive {
		return d.planArchive(p)
	}
	d.skipped = p.skipped
	return nil
}

// checkArchive finds out whether pictures of a finished archive may be used
// again.
func (d *driver) checkArchive(p *planner) (err error) {
	r, ok := d.layout.readArchive(d.job)
	if ok {
		d.archive = r
		p.reuse, err = d.layout.intact(r)
	}
	return err
}

// planArchive finds out whether there is anything to do.
func (d *driver) planArchive(p *planner) error {
	d.skipped = p.skipped
	if p.reuse && p.digest == d.archive.Listing && p.unsettled == 0 {
		d.finished = true
		return nil
	}
	if err := d.layout.dropParts(p.digest); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(d.layout.parts(), p.digest), 0o755); err != nil {
		return fmt.Errorf("making a folder for parts: %w", err)
	}
	return nil
}

// color runs the pipeline over the plan.
func (d *driver) color(ctx context.Context) error {
	work := progress.Start()
	defer work.End()
	work.SetTotal(d.plan.total())
	stop := work.Report(d.options.Progress)
	defer stop()
	if d.finished || d.plan.pending == 0 {
		work.Add(d.plan.total())
		return nil
	}
	work.Add(d.plan.total() - d.plan.pending)
	start := time.Now()
	sp := d.spec(work.ID())
	p, scope := runner.NewPipeline()
	build(scope, d.plan.files, sp)
	var err error
	if d.counters, err = runner.Run(ctx, d.options.Runner, p); err != nil {
		// What a DoFn said is clearer than what the runner made of it.
		if first := work.Err(); first != nil && ctx.Err() == nil {
			return first
		}
		return err
	}
	d.seconds = time.Since(start).Seconds()
	if d.layout.Archive {
		return d.layout.assemble(ctx, sp)
	}
	return nil
}

func (d *driver) spec(jobID string) spec {
	s := d.options.settings()
	return spec{
		Input: d.options.Input, Layout: d.layout, Settings: s, Run: d.plan.run,
		Model: d.job.ModelHash, Hash: d.job.hash(), RejectHash: d.job.rejectHash(s.Limits),
		Show: d.plan.show, Parts: partCount(d.plan.total()), Plan: d.plan.digest, JobID: jobID,
	}
}

// close writes the report and drops what only a run under way needs.
func (d *driver) close() (Summary, error) {
	out, err := d.outcome()
	if err != nil {
		return Summary{}, err
	}
	if err := d.writeReports(out); err != nil {
		return Summary{}, err
	}
	// Every picture has its line now, so that nothing needs to be claimed.
	names, err := listDir(d.layout.plan())
	for _, name := range names {
		err = errors.Join(err, os.Remove(filepath.Join(d.layout.plan(), name)))
	}
	if err != nil {
		return Summary{}, fmt.Errorf("removing the plan: %w", err)
	}
	if err := d.layout.dropParts(""); err != nil {
		return Summary{}, err
	}
	failpoint.Hit(fpPlanRemoved)
	return out.summary, nil
}
