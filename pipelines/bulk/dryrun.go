// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
)

// The bounds of a dry run's trial that is not given a size: after either no more
// pictures are begun.
const (
	trialPictures = 64
	trialTime     = 10 * time.Second
)

// DryRun says what [Run] would do, and refuses what it would refuse, without
// writing anything: it lists the input, compares it with what the output holds,
// and colours some of the pictures that are to be done, chosen from all over the
// input, into nothing, to measure how long they take: Options.Sample of them, or
// what takes some seconds. With a runner elsewhere it adds what would be handed
// over to it; the trial runs here all the same.
func DryRun(ctx context.Context, o Options) (f Forecast, err error) {
	if o.Watch != 0 {
		return Forecast{}, fault.Request("watch must not be given for a dry run: what will arrive is not known")
	}
	d, err := openDriver(ctx, o)
	if err != nil {
		return Forecast{}, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	f, items, err := d.forecast(ctx)
	if err != nil {
		return Forecast{}, err
	}
	n, took, err := d.trial(ctx, items)
	if err != nil {
		return Forecast{}, err
	}
	f.extrapolate(n, took)
	return f, nil
}

// forecast counts what is to be done, and returns a sample of it.
func (d *driver) forecast(ctx context.Context) (Forecast, []item, error) {
	if err := d.read(ctx); err != nil {
		return Forecast{}, nil, err
	}
	o := d.options
	size := cmp.Or(o.Sample, trialPictures)
	o.Sample = 0 // it is the trial's
	all := newCensus(o.selected(d.src))
	p, err := d.planner(all)
	if err != nil {
		return Forecast{}, nil, err
	}
	drawn := newDraw[item](size)
	noPlace, noPlaceBytes := int64(0), int64(0)
	p.visit = func(it item) {
		if it.Stage == "" {
			drawn.add(it.Key, it)
		} else {
			noPlace, noPlaceBytes = noPlace+1, noPlaceBytes+it.Ref.Size
		}
	}
	if err := p.makePlan(ctx, d.layout.Output); err != nil {
		return Forecast{}, nil, err
	}
	f := all.forecast()
	f.Done, f.NoPlace, f.ToDo, f.ToDoBytes = p.skipped, noPlace, p.pending-noPlace, p.bytes-noPlaceBytes
	f.Settled = f.Pictures - f.Done - p.pending
	d.plan, d.run = p.roundPlan, p.run
	if p.pending > 0 && !runner.IsLocal(d.options.Runner) {
		f.Submission, err = d.submission(ctx)
	}
	return f, drawn.values(), err
}

// submission is what would be handed over for the plan, whose files have names
// that only a run gives them.
func (d *driver) submission(ctx context.Context) (*runner.Submission, error) {
	for i := range (d.plan.pending + planFile - 1) / planFile {
		d.plan.files = append(d.plan.files, fmt.Sprintf("%s%06d.jsonl", planPrefix(d.plan.run, d.id), i))
	}
	p, scope := runner.NewPipeline()
	build(scope, d.plan.files, d.spec(""))
	return runner.Describe(ctx, d.options.runnerJob(), p)
}

// trial colours pictures without writing them. It returns how many it did, and
// in which time.
func (d *driver) trial(ctx context.Context, items []item) (done int64, took time.Duration, err error) {
	stream := d.engine.NewStream(ctx)
	defer stream.Close()
	limits := d.options.Limits
	start := time.Now()
	take := func(r *inference.Result) error {
		defer r.Release()
		if r.Err != nil && !isPicture(r.Err) {
			return r.Err
		}
		done++
		return nil
	}
	for _, it := range items {
		if time.Since(start) > trialTime && d.options.Sample == 0 {
			break
		}
		if stream.Full() {
			if err := take(stream.Next()); err != nil {
				return 0, 0, err
			}
		}
		stream.Submit(&inference.Task{
			Format: Format(it.Encoding), Size: it.Ref.Size,
			Load: func(ctx context.Context) ([]byte, error) { return d.src.Read(ctx, it.Ref, limits.MaxBytes) },
		})
	}
	for r := stream.Next(); r != nil; r = stream.Next() {
		if err := take(r); err != nil {
			return 0, 0, err
		}
	}
	return done, time.Since(start), nil
}
