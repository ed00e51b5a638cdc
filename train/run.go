// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// defaultCache is the memory for decoded pictures.
const defaultCache = 1 << 30

// Run follows a recipe and keeps the run folder. A request that cannot work,
// such as a data set of another size or an output that is in use, is a
// request error of package fault, and nothing is written.
//
// When ctx is cancelled the position is saved, in the middle of an epoch too,
// and the error is [ErrInterrupted]. A loss that is no longer a number ends
// the run with [StatusDiverged] and no error.
func Run(ctx context.Context, o Options) (Result, error) {
	if err := o.Validate(); err != nil {
		return Result{}, fault.AsRequest(err)
	}
	set, err := shard.Open(o.Data)
	if err != nil {
		return Result{}, fmt.Errorf("opening the data set: %w", err)
	}
	defer set.Close()
	t, err := newTrainer(o, set)
	if err != nil {
		return Result{}, err
	}
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

// trainer is one process's work on a run.
type trainer struct {
	o         Options
	record    record
	recipe    string // hash
	schedule  schedule
	store     *ml.Store
	train     *pictures
	val       *pictures
	validator *validator
	log       *metricsLog
	state     state
	clock     clock
	lastL1    float64 // of the last line
}

// newTrainer checks the data set against the recipe and opens its splits.
func newTrainer(o Options, set *shard.Dataset) (*trainer, error) {
	info := set.Info()
	if info.Size != o.Recipe.Size {
		return nil, fault.Request("size must be that of the data set: recipe %q has %d px, %q has %d px",
			o.Recipe.Name, o.Recipe.Size, o.Data, info.Size)
	}
	t := &trainer{o: o, store: ml.NewStore(), clock: clock{now: time.Now}}
	budget := new(atomic.Int64)
	budget.Store(defaultCache)
	if o.CacheBytes > 0 {
		budget.Store(o.CacheBytes)
	}
	var err error
	if t.train, err = openPictures(set, "train", info.Size, o.Recipe.TrainLimit, budget); err != nil {
		return nil, err
	}
	if t.val, err = openPictures(set, "val", info.Size, o.Recipe.ValLimit, budget); err != nil {
		return nil, err
	}
	if t.train.n < o.Recipe.TrainBatchSize {
		return nil, fault.Request("train_batch_size must be at most the number of training pictures, %d in %q, got %d",
			t.train.n, o.Data, o.Recipe.TrainBatchSize)
	}
	if t.recipe, err = recipeHash(o.Recipe); err != nil {
		return nil, err
	}
	t.schedule = schedule{stages: o.Recipe.Stages(), pictures: int64(t.train.n), batch: int64(o.Recipe.TrainBatchSize)}
	config := o.Recipe.Generator()
	t.record = record{
		Status: StatusRunning, Recipe: o.Recipe.Name, Seed: o.Recipe.Seed,
		Data: dataRecord{
			Path: o.Data, ManifestSHA256: info.ManifestSHA256, Size: info.Size, Train: t.train.n, Validation: t.val.n,
		},
		Backend:    backendRecord{Name: o.Backend.Name, Description: o.Backend.Description},
		Versions:   versions(o.ToolVersion),
		Parameters: config.ParameterCount(), MultiplyAdds: config.MultiplyAdds(),
	}
	return t, nil
}

// start opens the run folder and brings weights, moments and position to where
// the run stands. It returns the result of a run that has ended already.
func (t *trainer) start() (*Result, error) {
	var old record
	resumed, err := openFolder(t.o, t.record.Data, &old)
	if err != nil {
		return nil, err
	}
	if old.Result != nil && (old.Status == StatusDone || old.Status == StatusDiverged) {
		old.Result.Report = filepath.Join(t.o.Output, reportFile)
		return old.Result, nil
	}
	if err := t.restore(resumed); err != nil {
		return nil, err
	}
	if t.log, err = openMetrics(filepath.Join(t.o.Output, metricsFile), t.state.MetricsBytes); err != nil {
		return nil, err
	}
	if err := t.writeRecord(StatusRunning, nil); err != nil {
		return nil, err
	}
	failpoint.Hit(pointFolderRecord)
	if t.val.n > 0 {
		t.validator, err = newValidator(t.o.Backend, t.store, t.o.Recipe.Generator(), t.val, t.o.Recipe.ValBatchSize)
	}
	return nil, err
}

// restore makes all variables and fills them from the last checkpoint, if the
// run has one.
func (t *trainer) restore(resume bool) error {
	r := t.o.Recipe
	if err := model.InitGenerator(t.store, model.GeneratorScope, r.Generator(), r.Seed); err != nil {
		return fmt.Errorf("making the generator: %w", err)
	}
	if err := t.optimizer().clear(t.generator()); err != nil {
		return err
	}
	if err := resetLosses(t.store); err != nil {
		return err
	}
	t.state = state{Format: stateFormat, Recipe: t.recipe, Data: t.record.Data.ManifestSHA256}
	if !resume {
		return nil
	}
	s, found, err := loadCheckpoint(t.o.Output, t.store, identity{
		recipe: t.recipe, data: t.record.Data.ManifestSHA256, schedule: t.schedule,
	})
	if err != nil || !found {
		return err
	}
	t.state, t.lastL1 = s, s.TrainL1
	return nil
}

func (t *trainer) generator() *ml.Scope { return t.store.Scope(model.GeneratorScope) }

func (t *trainer) optimizer() adam {
	return adam{beta1: t.o.Recipe.Beta1, beta2: t.o.Recipe.Beta2, epsilon: t.o.Recipe.Epsilon}
}

// errDiverged ends the loop when a loss is no number.
var errDiverged = errors.New("the loss is no longer a number")

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
		r.ValL1, r.ValPSNR = v.L1, v.PSNR
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

// close frees what the run holds on the device.
func (t *trainer) close() {
	if t.validator != nil {
		t.validator.close()
	}
	if t.log != nil {
		_ = t.log.close() // every line that counts was synced
	}
	t.store.Finalize()
}
