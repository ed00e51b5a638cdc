// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// driver is one job on one output, from its beginning in this process to its
// report. It is not safe for concurrent use.
type driver struct {
	options Options
	layout  layout
	start   time.Time
	// id is in the names of the files that only this driver writes.
	id       string
	src      source.Source // the input as a whole
	leave    func()        // lets go of what workers share of it
	engine   *inference.Engine
	giveBack func() error // of the engine
	job      job
	// precision is what the job's workers compute with.
	precision model.Precision

	st     store.Store // of the report and the records
	record store.Info  // the job.json that the driver knows, its zero value where there is none
	// beside holds the archive as archiveName.
	beside      store.Store
	archiveName string
	release     func() error // of the lock
	ours        bool         // the output is claimed
	shelf       shelf        // of the first round; nil for an archive

	// known is the ledger, claimed the keys in the plans of runs that did not
	// end. Both are read when unread is set: first, and after a round that failed.
	known   book
	claimed map[[16]byte]struct{}
	unread  bool
	run     int // the number of the last round
	session int // that of this driver's first
	rounds  int // that came to their end

	// A segment of the ledger has at most segmentLines pictures, a part of an
	// archive about partSize; small segments are merged from manySegments on.
	segmentLines int
	partSize     int64
	manySegments int

	plan roundPlan // of the last round
	// archive is the finished archive, if there is one that is reusable. Where it
	// is unrecorded its record is still to be written. members are the tags of what
	// it holds.
	archive              archiveRecord
	members              map[uint64]struct{}
	reusable, unrecorded bool

	totals   totals
	counters runner.Counters
	seconds  float64 // of the pipelines
}

// newDriver opens input and model and takes possession of the output, if the
// request can work. The caller closes it.
func newDriver(ctx context.Context, o Options) (*driver, error) {
	d, err := openDriver(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := d.claim(ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// openDriver is [newDriver] up to where something would be written.
func openDriver(ctx context.Context, o Options) (_ *driver, err error) {
	none := func() error { return nil }
	d := &driver{
		options: o, start: time.Now(), id: randomID(), giveBack: none, release: none, leave: func() {}, unread: true,
		segmentLines: segmentLines, partSize: partSize, manySegments: manySegments,
	}
	if err := o.Validate(); err != nil {
		return nil, fault.AsRequest(err)
	}
	o = o.remote()
	d.options = o
	if d.layout, err = newLayout(o.Output); err != nil {
		return nil, err
	}
	if d.st, err = d.layout.records(); err != nil {
		return nil, err
	}
	if d.layout.archive() {
		if d.beside, d.archiveName, err = d.layout.beside(); err != nil {
			return nil, err
		}
	}
	if d.src, err = source.Open(ctx, o.Input); err != nil {
		return nil, err
	}
	d.leave = source.Keep(o.Input)
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *driver) open(ctx context.Context) error {
	if err := d.layout.apart(d.options.Input); err != nil {
		return err
	}
	if !d.options.Overwrite {
		if err := d.handover().Check(ctx); err != nil {
			return err
		}
	}
	if err := d.openNetwork(ctx); err != nil {
		return err
	}
	if err := d.settle(ctx); err != nil {
		return err
	}
	if !d.options.Overwrite {
		if err := d.free(ctx); err != nil {
			return err
		}
	}
	return d.survey(ctx)
}

// close gives back what the driver holds. What is in the output stays, for the
// next run to go on with.
func (d *driver) close() error {
	d.leave()
	errs := []error{d.giveBack(), d.src.Close()}
	if d.shelf != nil {
		errs = append(errs, d.shelf.close())
	}
	return errors.Join(append(errs, d.release())...)
}

// report writes rejects.jsonl and the report over all rounds, and drops what
// only a run under way needs.
func (d *driver) report(ctx context.Context) (Summary, error) {
	out, err := d.outcome(ctx)
	if err != nil {
		return Summary{}, err
	}
	if err := d.writeReports(ctx, out); err != nil {
		return Summary{}, err
	}
	if err := d.endRound(ctx); err != nil {
		return Summary{}, err
	}
	failpoint.Hit(fpPlanRemoved)
	return out.summary, nil
}

// endRound drops plans, totals and parts: every picture has its line now, so that
// nothing needs to be claimed. What is left is the same for a job that was killed
// and went on.
func (d *driver) endRound(ctx context.Context) error {
	if err := d.rights().Check(ctx, d.st); err != nil {
		return err
	}
	if err := dropPlans(ctx, d.st, planFolder+"/"); err != nil {
		return err
	}
	if err := d.st.Remove(ctx, totalsFile); err != nil {
		return fmt.Errorf("removing the run's totals: %w", err)
	}
	if err := d.st.RemoveAll(ctx, stopFolder); err != nil {
		return err
	}
	return d.dropParts(ctx)
}

// thumbnail returns a picture's thumbnail, nil where there is none.
func (d *driver) thumbnail(ctx context.Context, name string) ([]byte, error) {
	data, err := d.st.ReadFile(ctx, thumbsFolder+"/"+name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return data, err
}
