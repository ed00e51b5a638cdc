// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"path"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// defaultCache is the memory for pictures.
const defaultCache = 1 << 30

// trainer is one process's work on a run.
type trainer struct {
	o        Options
	record   record
	recipe   string // hash
	schedule schedule
	work     *workspace
	// shared are the weights that a sweep has read for all of its runs.
	shared    *initialWeights
	train     *pictures
	val       *pictures
	supply    supply
	validator *validator
	average   *validator // of the moving average, nil without one
	log       *metricsLog
	events    *events
	state     state
	clock     clock
	// Of the last line that had them.
	lastL1, lastDistance float64
}

// newTrainer checks the data set against the recipe and opens its splits.
func newTrainer(o Options, set *shard.Dataset, work *workspace) (*trainer, error) {
	info := set.Info()
	if info.Size != o.Recipe.Size {
		return nil, fault.Request("size must be that of the data set: recipe %q has %d px, %q has %d px",
			o.Recipe.Name, o.Recipe.Size, o.Data, info.Size)
	}
	t := &trainer{o: o, work: work, clock: clock{now: time.Now}}
	budget := new(atomic.Int64)
	budget.Store(t.cacheBytes())
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
		Backend:    backendRecord{Name: o.Backend.Name, Description: o.Backend.Description, Precision: o.Backend.Precision},
		Versions:   versions(o.ToolVersion),
		Parameters: config.ParameterCount(), MultiplyAdds: config.MultiplyAdds(),
		CriticParameters: o.Recipe.CriticNetwork().ParameterCount(),
	}
	return t, nil
}

func (t *trainer) cacheBytes() int64 {
	if t.o.CacheBytes > 0 {
		return t.o.CacheBytes
	}
	return defaultCache
}

// defaultKeep is how many of the newest weight files stay, beside the best.
const defaultKeep = 2

func (t *trainer) keep() int {
	if t.o.KeepCheckpoints > 0 {
		return t.o.KeepCheckpoints
	}
	return defaultKeep
}

// notef tells the caller something that a user should know.
func (t *trainer) notef(format string, args ...any) {
	if t.o.Note != nil {
		t.o.Note(fmt.Sprintf(format, args...))
	}
}

// start opens the run folder and brings weights, moments and position to where
// the run stands. It returns the result of a run that has ended already.
func (t *trainer) start() (*Result, error) {
	initial, err := t.openInit()
	if err != nil {
		return nil, err
	}
	t.record.Init = initial.record
	var old record
	resumed, err := openFolder(t.o, t.record, &old)
	if err != nil {
		return nil, err
	}
	if t.o.Init == "" {
		t.record.Init = old.Init // its checkpoints hold all that is needed of it
	}
	if old.Result != nil && (old.Status == StatusDone || old.Status == StatusDiverged) {
		old.Result.Report = filepath.Join(t.o.Output, reportFile)
		return old.Result, nil
	}
	if err := t.restore(resumed, initial); err != nil {
		return nil, err
	}
	if t.log, err = openMetrics(filepath.Join(t.o.Output, metricsFile), t.state.MetricsBytes); err != nil {
		return nil, err
	}
	if t.events, err = openEvents(t.o.Output, t.state.Step); err != nil {
		return nil, err
	}
	t.log.observe = t.events.line
	if err := t.writeRecord(StatusRunning, nil); err != nil {
		return nil, err
	}
	failpoint.Hit(pointFolderRecord)
	if t.val.n > 0 {
		if err := t.openValidators(); err != nil {
			return nil, err
		}
	}
	t.supply, err = newSupply(t.train, t.o.Backend, t.o.Feed, t.cacheBytes())
	return nil, err
}

// openValidators makes what validation needs.
func (t *trainer) openValidators() (err error) {
	if t.validator, err = newValidator(t.work, t.o.Recipe, t.val, model.GeneratorScope); err != nil {
		return err
	}
	if t.o.Recipe.EMADecay > 0 {
		t.average, err = newValidator(t.work, t.o.Recipe, t.val, path.Join(model.EMAScope, model.GeneratorScope))
	}
	return err
}

// restore makes all variables and fills them from the last checkpoint, if the
// run has one.
func (t *trainer) restore(resume bool, initial initialWeights) error {
	if err := t.work.prepare(t.o.Recipe); err != nil {
		return err
	}
	if err := t.clearMoments(); err != nil {
		return err
	}
	if err := t.startAverage(); err != nil {
		return err
	}
	if err := resetLosses(t.work.store); err != nil {
		return err
	}
	t.state = state{Format: stateFormat, Recipe: t.recipe, Data: t.record.Data.ManifestSHA256}
	if !resume {
		return t.begin(initial)
	}
	s, found, err := loadCheckpoint(t.o.Output, t.work.store, identity{
		recipe: t.recipe, data: t.record.Data.ManifestSHA256, schedule: t.schedule,
	}, t.keep(), t.notef)
	if err != nil {
		return err
	}
	if !found {
		return t.begin(initial)
	}
	t.state, t.lastL1 = s, s.TrainL1
	return nil
}

// begin gives a run without a checkpoint the weights that it starts from.
func (t *trainer) begin(initial initialWeights) error {
	if initial.record == nil && t.record.Init != nil {
		var err error
		if initial, err = openInit(t.o, t.record.Init.Path); err != nil {
			return err
		}
		if err := sameInit(t.o.Output, t.record.Init, initial.record); err != nil {
			return err
		}
	}
	if err := initial.load(t.work.store, t.o.Recipe.Generator()); err != nil {
		return err
	}
	return t.startAverage()
}

// startAverage lets the moving average, where there is one, begin at the
// generator's weights.
func (t *trainer) startAverage() error {
	if t.o.Recipe.EMADecay == 0 {
		return nil
	}
	if err := startAverage(t.work.store.Scope(model.GeneratorScope)); err != nil {
		return fmt.Errorf("starting the moving average: %w", err)
	}
	return nil
}

func (t *trainer) optimizer() adam {
	return adam{beta1: t.o.Recipe.Beta1, beta2: t.o.Recipe.Beta2, epsilon: t.o.Recipe.Epsilon}
}

// close frees what the run holds on the device; the workspace stays.
func (t *trainer) close() {
	if t.supply != nil {
		t.supply.close()
	}
	if t.events != nil {
		_ = t.events.close() // made again from the metrics, if need be
	}
	if t.log != nil {
		_ = t.log.close() // every line that counts was synced
	}
}
