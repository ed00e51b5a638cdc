// SPDX-License-Identifier: Apache-2.0

package recipes

import "math"

// StageKind names what a stage trains.
type StageKind string

// The kinds of stages, in the order of a schedule.
const (
	// StageGenerator trains the generator alone, on L1.
	StageGenerator StageKind = "generator"
	// StageCritic trains the critic alone, against a generator that stays as it
	// is.
	StageCritic StageKind = "critic"
	// StageJoint trains both: d_coef critic steps, then one of the generator.
	StageJoint StageKind = "joint"
)

// Stage is one part of a run's schedule. Each starts with fresh optimizer
// moments and its own order of pictures.
type Stage struct {
	Kind   StageKind `json:"kind"`
	Epochs int       `json:"epochs"`
	// GeneratorRate and CriticRate are Adam's learning rates at the stage's
	// first step; that of a network which the stage does not train is 0.
	GeneratorRate float64 `json:"generator_rate"`
	CriticRate    float64 `json:"critic_rate"`
}

// Stages returns the schedule in order, without empty stages.
func (r Recipe) Stages() []Stage {
	if !r.Adversarial() {
		return []Stage{{Kind: StageGenerator, Epochs: r.Epochs, GeneratorRate: r.GeneratorRate}}
	}
	var stages []Stage
	for _, s := range []Stage{
		{Kind: StageGenerator, Epochs: r.GeneratorEpochs, GeneratorRate: r.GeneratorRate},
		{Kind: StageCritic, Epochs: r.CriticEpochs, CriticRate: r.CriticRate},
		{
			Kind: StageJoint, Epochs: r.Epochs,
			GeneratorRate: fallback(r.JointGeneratorRate, r.GeneratorRate),
			CriticRate:    fallback(r.JointCriticRate, r.CriticRate),
		},
	} {
		if s.Epochs > 0 {
			stages = append(stages, s)
		}
	}
	return stages
}

// Adversarial tells whether the recipe has a critic.
func (r Recipe) Adversarial() bool { return r.CriticNetwork().Exists() }

func fallback(value, other float64) float64 {
	if value == 0 {
		return other
	}
	return value
}

// RateSchedule names how a learning rate changes over the steps of a stage.
type RateSchedule string

// The schedules.
const (
	// RateConstant keeps the rate.
	RateConstant RateSchedule = "constant"
	// RateLinear lets it fall along a line that reaches 0 after the last step.
	RateLinear RateSchedule = "linear"
	// RateCosine lets it fall along half a cosine that reaches 0 after the last
	// step (Loshchilov and Hutter 2017, without restarts).
	RateCosine RateSchedule = "cosine"
)

// Factor returns what the rate is multiplied with at a step, counted from 0, of
// a stage of the given number of steps.
func (s RateSchedule) Factor(step, steps int64) float64 {
	at := float64(step) / float64(max(1, steps))
	switch s {
	case RateLinear:
		return 1 - at
	case RateCosine:
		return (1 + math.Cos(math.Pi*at)) / 2
	case RateConstant:
	}
	return 1
}
