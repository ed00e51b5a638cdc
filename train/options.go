// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"fmt"
	"time"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// ErrInterrupted is returned by [Run] when its context was cancelled: the
// position is saved, and a run with Resume goes on from it.
var ErrInterrupted = errors.New("training was interrupted; its position is saved")

// Options says what to train on what.
type Options struct {
	Recipe recipes.Recipe
	// Data is a prepared data set, a folder or gs://, Output the run folder.
	Data, Output string
	// Backend computes; the caller closes it.
	Backend *model.Backend
	// Resume goes on with the run in Output, or starts one where there is none
	// yet. Overwrite replaces the run that is there. Without either, Output
	// must be empty or missing.
	Resume, Overwrite bool
	// Init is a run folder whose generator, the best or else the last, this run
	// starts from; empty starts from random weights, or goes on with a run from
	// wherever that started.
	Init string
	// KeepCheckpoints is how many of the newest weight files stay, beside the
	// best; 0 means 2.
	KeepCheckpoints int
	// Feed says where training pictures are kept; empty means FeedAuto.
	Feed FeedMode
	// CacheBytes bounds the memory for pictures, those on the device under
	// FeedAuto and the decoded ones on the host each; 0 means 1 GiB. Pictures
	// beyond it are decoded again each time.
	CacheBytes int64
	// ToolVersion is recorded in run.json.
	ToolVersion string
	// Progress, if set, is called after every step, on the goroutine of Run.
	Progress func(Progress)
	// Note, if set, is told in a sentence what a user should know though the run
	// goes on, such as that a damaged checkpoint was passed over.
	Note func(string)
}

// Validate returns every problem of the options, joined.
func (o Options) Validate() error {
	if o.Backend == nil {
		return errors.Join(o.ValidateRequest(), errors.New("backend must be open"))
	}
	return o.ValidateRequest()
}

// ValidateRequest is [Options.Validate] without the backend, which takes a while
// to open.
func (o Options) ValidateRequest() error {
	var problems []error
	fail := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if err := o.Recipe.Validate(); err != nil {
		problems = append(problems, err)
	}
	if o.Data == "" {
		fail("data must name a prepared data set")
	}
	if o.Output == "" {
		fail("output must name a run folder")
	}
	if o.Resume && o.Overwrite {
		fail("resume and overwrite contradict each other: the one keeps the run, the other replaces it")
	}
	if o.KeepCheckpoints < 0 {
		fail("checkpoints to keep must be at least 0, got %d", o.KeepCheckpoints)
	}
	switch o.Feed {
	case "", FeedAuto, FeedDevice, FeedStream:
	default:
		fail("feed must be auto, device or stream, got %q", string(o.Feed))
	}
	if o.CacheBytes < 0 {
		fail("cache bytes must be at least 0, got %d", o.CacheBytes)
	}
	return errors.Join(problems...)
}

// Progress is what a display may show after a step.
type Progress struct {
	Stage recipes.StageKind
	// Epoch counts from 1 through all stages; Epochs is their sum.
	Epoch, Epochs int
	// Step counts the steps of all stages; Steps is their number in the
	// schedule.
	Step, Steps int64
	// Pictures counts the pictures in those steps' batches, with repetitions;
	// TotalPictures is their number in the schedule.
	Pictures, TotalPictures int64
	// ImagesPerSecond is the rate since this process began, without
	// compilation and validation; 0 until it is known.
	ImagesPerSecond float64
	// ETA is the time left, validation and checkpoints included as far as they
	// were seen; 0 until it is known.
	ETA time.Duration
	// L1 is the mean over the last logged steps of the generator, ValL1 that of
	// the last validation, Distance the critic's score of true pictures less that
	// of generated ones over the last logged steps; 0 until there is one.
	L1, ValL1, Distance float64
}

// Status says how a run stands.
type Status string

// The states of a run.
const (
	StatusRunning     Status = "running"
	StatusDone        Status = "done"
	StatusInterrupted Status = "interrupted"
	// StatusFailed is that of a run which ended its sweep with an error; the run's
	// own record says running, and it can be resumed.
	StatusFailed Status = "failed"
	// StatusDiverged is a result, not a failure: a loss is no longer a number,
	// or one of a size that training does not come back from.
	StatusDiverged Status = "diverged"
)

// Result is how a run ended.
type Result struct {
	Status Status `json:"status"`
	Epochs int    `json:"epochs"`
	Steps  int64  `json:"steps"`
	// Cause says of a run that has diverged what was found, such as "the
	// critic's loss was not finite".
	Cause string `json:"cause,omitempty"`
	// TrainL1 is the mean over the last epoch that trained the generator, ValL1
	// and ValPSNR the last validation, on the scale [-1, 1] and in decibels. What
	// is unknown is 0, and absent in JSON: all of them before the first epoch is
	// over, the latter two where the data set has no pictures for validation.
	TrainL1 float64 `json:"train_l1,omitempty"`
	ValL1   float64 `json:"val_l1,omitempty"`
	ValPSNR float64 `json:"val_psnr,omitempty"`
	// Validation is the last one with all that it measured, if there was any.
	Validation *Scores `json:"validation,omitempty"`
	// BestEpoch has the lowest validation L1 of the stage that the run ended in,
	// BestL1; training L1 where there is no validation. It is 0 before the run's
	// first epoch is over.
	BestEpoch int     `json:"best_epoch,omitempty"`
	BestL1    float64 `json:"best_l1,omitempty"`
	// Report is the path of the run's page.
	Report string `json:"report"`
}
