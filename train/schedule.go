// SPDX-License-Identifier: Apache-2.0

package train

import "github.com/chromabeam/chromabeam/train/recipes"

// schedule counts a recipe's stages in steps. A step takes one batch, an epoch
// of any stage is one pass over the training pictures, of which there are
// Pictures.
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

// holds tells whether a position lies in the schedule.
func (s schedule) holds(p position) bool {
	if p.Stage < 0 || p.Stage > len(s.stages) {
		return false
	}
	if s.done(p) {
		return p.Step == 0 && p.Epochs == 0
	}
	return p.Step >= 0 && p.Step <= s.stageSteps(p.Stage) && p.Epochs >= 0 && p.Epochs < s.stages[p.Stage].Epochs &&
		p.Step >= s.epochEnd(p.Epochs) && p.Step <= s.epochEnd(p.Epochs+1)
}

// amount counts steps and epochs through all stages.
type amount struct {
	steps  int64
	epochs int
}

// before returns what is done at a position.
func (s schedule) before(p position) amount {
	a := amount{steps: p.Step, epochs: p.Epochs}
	for i := range min(p.Stage, len(s.stages)) {
		a.steps += s.stageSteps(i)
		a.epochs += s.stages[i].Epochs
	}
	return a
}

// whole returns the length of the schedule.
func (s schedule) whole() amount { return s.before(position{Stage: len(s.stages)}) }
