// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// Run follows a recipe and keeps the run folder. A request that cannot work,
// such as a data set of another size or an output that is in use, is a
// request error of package fault, and nothing is written.
//
// When ctx is cancelled the position is saved, in the middle of an epoch too,
// and the error is [ErrInterrupted]. A loss that is no longer a number ends
// the run with [StatusDiverged] and no error, and so do scores of a critic of a
// size (1e6) that training does not come back from.
func Run(ctx context.Context, o Options) (result Result, err error) {
	defer recovered("training", &err)
	if err := o.Validate(); err != nil {
		return Result{}, fault.AsRequest(err)
	}
	// A step that has begun reads its pictures to the end when ctx is cancelled.
	set, err := shard.Open(context.WithoutCancel(ctx), o.Data)
	if err != nil {
		return Result{}, fmt.Errorf("opening the data set: %w", err)
	}
	defer set.Close()
	work := newWorkspace(o.Backend)
	defer work.close()
	return runIn(ctx, o, set, work)
}

// runIn is Run on a data set and a workspace that the caller closes.
func runIn(ctx context.Context, o Options, set *shard.Dataset, work *workspace) (Result, error) {
	t, err := newTrainer(o, set, work)
	if err != nil {
		return Result{}, err
	}
	return t.follow(ctx)
}

// follow goes the whole way of a run, and closes the trainer.
func (t *trainer) follow(ctx context.Context) (Result, error) {
	defer t.close()
	result, err := t.start()
	if err != nil || result != nil {
		return deref(result), err
	}
	return t.run(ctx)
}

func deref(r *Result) Result {
	if r == nil {
		return Result{}
	}
	return *r
}

// run goes through the stages that are left and records how that ended.
func (t *trainer) run(ctx context.Context) (Result, error) {
	err := t.stages(ctx)
	interrupted := err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err())
	if interrupted {
		err = t.saveInterrupted()
	}
	status := StatusDone
	switch {
	case errors.Is(err, errDiverged):
		status = StatusDiverged
	case err == nil && interrupted:
		status = StatusInterrupted
	case err != nil:
		return Result{}, err
	}
	result := t.result(status)
	if d := (*divergedError)(nil); errors.As(err, &d) {
		result.Cause = d.cause
	}
	if err := t.writeReport(result); err != nil {
		return result, err
	}
	failpoint.Hit(pointReport)
	if err := t.writeRecord(status, &result); err != nil {
		return result, err
	}
	failpoint.Hit(pointRecordEnd)
	if status == StatusInterrupted {
		return result, ErrInterrupted
	}
	return result, nil
}

func (t *trainer) stages(ctx context.Context) error {
	for !t.schedule.done(t.state.Position) {
		if err := t.stage(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *trainer) result(status Status) Result {
	r := Result{
		Status: status, Epochs: t.state.Epoch, Steps: t.state.Step, TrainL1: t.state.TrainL1,
		Report: filepath.Join(t.o.Output, reportFile),
	}
	if v := t.state.Validation; v != nil {
		r.Validation, r.ValL1, r.ValPSNR = v, v.L1, v.PSNR
	}
	if b := t.state.Best; b != nil {
		r.BestEpoch, r.BestL1 = b.Epoch, b.L1
	}
	return r
}

func (t *trainer) writeRecord(status Status, result *Result) error {
	t.record.Status, t.record.Result = status, result
	return writeJSON(t.o.Output, recordFile, t.record)
}
