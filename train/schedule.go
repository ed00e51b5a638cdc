// SPDX-License-Identifier: Apache-2.0

package train

import "github.com/chromabeam/chromabeam/train/recipes"

// schedule counts a recipe's stages in steps. Pictures is the number of
// training pictures of one epoch.
type schedule struct {
	stages   []recipes.Stage
	pictures int64
	batch    int64
}

// position is a place in the schedule: Step steps of stage number Stage are
// done, and Epochs of its epochs are validated and recorded too. The end is
// Stage == len(stages).
type position struct {
	Stage  int   `json:"stage"`
	Step   int64 `json:"step"`
	Epochs int   `json:"epochs"`
}

// epochEnd returns the stage's step after which the given number of epochs is
// over: an epoch is one pass over the pictures, and a batch may hold the end of
// one and the beginning of the next.
func (s schedule) epochEnd(epochs int) int64 {
	return (int64(epochs)*s.pictures + s.batch - 1) / s.batch
}

// stageSteps returns the steps of a stage.
func (s schedule) stageSteps(stage int) int64 { return s.epochEnd(s.stages[stage].Epochs) }

// done tells whether a position is the schedule's end.
func (s schedule) done(p position) bool { return p.Stage >= len(s.stages) }

// totals returns the steps and epochs before a position, and those of the
// whole schedule.
func (s schedule) totals(p position) (step, steps int64, epoch, epochs int) {
	for i, stage := range s.stages {
		n := s.stageSteps(i)
		switch {
		case i < p.Stage:
			step += n
			epoch += stage.Epochs
		case i == p.Stage:
			step += p.Step
			epoch += p.Epochs
		}
		steps += n
		epochs += stage.Epochs
	}
	return step, steps, epoch, epochs
}
