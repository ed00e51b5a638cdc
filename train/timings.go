// SPDX-License-Identifier: Apache-2.0

package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
)

// timing is a line of timings.jsonl: what one process took for an epoch, or
// for the part of it that it did. Lines are never taken back: epochs that were
// computed twice appear twice.
type timing struct {
	Ended   time.Time         `json:"ended"`
	Backend string            `json:"backend"`
	Stage   recipes.StageKind `json:"stage"`
	Epoch   int               `json:"epoch"`
	Steps   int64             `json:"steps"`
	// FirstStepSeconds holds compilation where this process took its first
	// step in the epoch; that step is not in TrainSeconds.
	FirstStepSeconds  float64 `json:"first_step_seconds,omitempty"`
	TrainSeconds      float64 `json:"train_seconds"`
	ValidationSeconds float64 `json:"validation_seconds"`
	SaveSeconds       float64 `json:"save_seconds"`
	// WaitSeconds is the part of TrainSeconds in which the step waited for
	// pictures.
	WaitSeconds     float64 `json:"wait_seconds"`
	ImagesPerSecond float64 `json:"images_per_second"`
}

// appendTiming writes a line. It need not be durable: nothing depends on it.
func appendTiming(run string, t timing) error {
	text, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("writing timings: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(run, timingsFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("writing timings: %w", err)
	}
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing timings: %w", err)
	}
	failpoint.Hit(pointTimings)
	return nil
}

// clock adds up where an epoch's time goes, and estimates the rest of the run.
type clock struct {
	now func() time.Time

	first              bool          // this process has taken a step
	firstStep          time.Duration // of this epoch
	train, wait        time.Duration // of this epoch, without the first step
	steps              int64         // in train
	validation, save   time.Duration
	allTrain, allOther time.Duration // of this process
	allSteps, epochs   int64
}

// since returns the time that has passed.
func (c *clock) since(start time.Time) time.Duration { return c.now().Sub(start) }

// step counts a step that took all, waiting for pictures included.
func (c *clock) step(all, wait time.Duration) {
	if !c.first {
		c.first, c.firstStep = true, all
		return
	}
	c.train += all
	c.wait += wait
	c.steps++
	c.allTrain += all
	c.allSteps++
}

// rate returns pictures a second over this process; 0 while unknown.
func (c *clock) rate(batch int64) float64 { return perSecond(c.allSteps*batch, c.allTrain) }

// left estimates the time for the given steps and epochs; 0 while unknown.
func (c *clock) left(steps, epochs int64) time.Duration {
	if c.allSteps == 0 {
		return 0
	}
	eta := c.allTrain / time.Duration(c.allSteps) * time.Duration(steps)
	if c.epochs > 0 {
		eta += c.allOther / time.Duration(c.epochs) * time.Duration(epochs)
	}
	return eta
}

// close fills in the epoch's line and begins the next epoch.
func (c *clock) close(t timing, batch int64) timing {
	t.Ended, t.Steps = c.now().UTC(), c.steps
	t.FirstStepSeconds = c.firstStep.Seconds()
	t.TrainSeconds, t.WaitSeconds = c.train.Seconds(), c.wait.Seconds()
	t.ValidationSeconds, t.SaveSeconds = c.validation.Seconds(), c.save.Seconds()
	t.ImagesPerSecond = perSecond(c.steps*batch, c.train)
	if c.firstStep == 0 { // else it held the compilation of the validation
		c.allOther += c.validation + c.save
		c.epochs++
	}
	c.firstStep, c.train, c.wait, c.steps, c.validation, c.save = 0, 0, 0, 0, 0, 0
	return t
}

func perSecond(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
