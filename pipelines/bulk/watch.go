// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// minWatch is the least interval of a watch: modification times are coarser than
// their digits say.
const minWatch = time.Second

// validateWatch checks what a watch asks for.
func (o Options) validateWatch() error {
	if o.Watch == 0 {
		return nil
	}
	var problems []error
	if o.Watch < minWatch {
		problems = append(problems, fmt.Errorf("watch must be at least %v, got %v", minWatch, o.Watch))
	}
	if o.Limit > 0 || o.Sample > 0 {
		problems = append(problems, errors.New("watch must not be combined with limit or sample: it colours all that arrives"))
	}
	if slices.Contains(runner.Names(), o.Runner) && !runner.IsLocal(o.Runner) {
		problems = append(problems, fmt.Errorf("runner must be direct or prism with watch, got %q", o.Runner))
	}
	if l, err := newLayout(o.Output); err == nil && o.Output != "" && l.archive() {
		problems = append(problems,
			fmt.Errorf("output must be a folder or a prefix with watch, got %q: an archive would be written anew in each round", o.Output))
	}
	return errors.Join(problems...)
}

// Watcher colours what arrives in a folder or under a gs:// prefix, round by
// round. In each round it lists the input and colours the pictures that the
// output does not hold yet, but for those that have changed lately: a picture
// must have the same size and modification time (or generation) in two rounds
// that are at least Options.Watch apart, so that one that is still being written
// is left for later. A picture that is replaced is coloured again. One that is
// removed keeps its coloured picture.
//
// It holds the ledger in memory, some 100 bytes a picture, and some 80 bytes for
// each picture that the input has at the moment.
//
// [Run] does all of it; a Watcher is for programs with a loop of their own. It
// is not safe for concurrent use.
type Watcher struct {
	driver *driver
	meter  *meter
	steady *steady
	rounds int
	broken bool // the last round did not come to its end
}

// Round is what a round of a [Watcher] found and did.
type Round struct {
	// Number counts the rounds from 1.
	Number int `json:"number"`
	// Pictures is how many the input has, Waiting how many of them are left for a
	// later round, Done how many were dealt with in this one: coloured, left since
	// they have colour, or rejected.
	Pictures int64 `json:"pictures"`
	Waiting  int64 `json:"waiting"`
	Done     int64 `json:"done"`
	// Err, where not nil, is why the input could not be listed, and nothing was
	// done. The next round tries again.
	Err error `json:"-"`
}

// NewWatcher opens input and model and takes possession of the output, like
// [Run]. Without an interval in o it takes the least one. The caller calls Close.
func NewWatcher(ctx context.Context, o Options) (*Watcher, error) {
	o.Watch = cmp.Or(o.Watch, minWatch)
	d, m, err := begin(ctx, o)
	if err != nil {
		return nil, err
	}
	if !source.Live(d.src) {
		err := fault.Request("input must be a folder, a gs:// prefix or a glob with watch, got %q, which does not change", o.Input)
		return nil, errors.Join(err, d.close(), m.stop())
	}
	return &Watcher{driver: d, meter: m, steady: newSteady(d.src, o.Watch)}, nil
}

// Round lists the input as it is at the time now and colours what is due. The
// times of rounds must not go backwards. An error ends the watch: the output is
// gone, another job has taken it over, or the device is broken. If ctx ends, its
// error is returned, and what the round has not done is left for the next.
func (w *Watcher) Round(ctx context.Context, now time.Time) (Round, error) {
	w.rounds++
	w.steady.begin(now)
	if w.broken && w.driver.layout.remote() {
		// Where the input could not be listed for want of the service the output
		// cannot be read either.
		if err := w.driver.read(ctx); err != nil {
			return Round{Number: w.rounds, Err: err}, ctx.Err()
		}
		w.driver.unread = false
	}
	found, err := w.driver.round(ctx, w.steady)
	r := Round{Number: w.rounds, Pictures: w.steady.listed, Waiting: w.steady.waiting, Done: found.Done}
	if err == nil {
		w.broken = false
		return r, nil
	}
	w.broken = true
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	if w.steady.failed != nil {
		r.Err = err
		w.reopen(ctx)
		return r, nil //nolint:nilerr // it is told, and the next round tries again
	}
	return r, err
}

// reopen opens the input once more: a folder that was removed and made again is
// another one. Where that fails the next round will say so.
func (w *Watcher) reopen(ctx context.Context) {
	src, err := source.Open(ctx, w.driver.options.Input)
	if err != nil {
		return
	}
	if !source.Live(src) {
		_ = src.Close() // nothing was read
		return
	}
	source.Forget(w.driver.options.Input)
	_ = w.driver.src.Close() // only listings use it
	w.driver.src, w.steady.Source = src, src
}

// Close writes the report over all rounds and gives back what the watcher holds.
// Also after an error of Round it must be called, with a context that has not
// ended.
func (w *Watcher) Close(ctx context.Context) (s Summary, err error) {
	defer func() { err = errors.Join(err, w.end()) }()
	if w.broken {
		return w.driver.reportUnfinished(ctx)
	}
	return w.driver.report(ctx)
}

func (w *Watcher) end() error { return errors.Join(w.driver.close(), w.meter.stop()) }

// reportUnfinished is [driver.report] after a round that did not come to its
// end. The plan stays: pictures without a line may have been written, and their
// names must remain the job's.
func (d *driver) reportUnfinished(ctx context.Context) (Summary, error) {
	if err := d.read(ctx); err != nil {
		return Summary{}, err
	}
	for key := range d.plan.listed {
		if _, done := d.known[key]; !done {
			delete(d.plan.listed, key)
		}
	}
	out, err := d.outcome(ctx)
	if err != nil {
		return Summary{}, err
	}
	return out.summary, d.writeReports(ctx, out)
}

// clock is what a watch takes the time from.
type clock interface {
	Now() time.Time
	// Wait returns false as soon as ctx ends, else true when d has passed.
	Wait(ctx context.Context, d time.Duration) bool
}

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) Wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// watch goes from round to round until ctx ends, which is how it is told that it
// has done its work.
func watch(ctx context.Context, o Options, c clock) (Summary, error) {
	w, err := NewWatcher(ctx, o)
	if err != nil {
		return Summary{}, err
	}
	for {
		r, err := w.Round(ctx, c.Now())
		if err != nil && ctx.Err() == nil {
			return Summary{}, errors.Join(err, w.end())
		}
		if o.Watched != nil && err == nil {
			o.Watched(r)
		}
		if !c.Wait(ctx, o.Watch) {
			return w.Close(context.WithoutCancel(ctx))
		}
	}
}
