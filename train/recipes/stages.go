// SPDX-License-Identifier: Apache-2.0

package recipes

// StageKind names what a stage trains.
type StageKind string

// StageGenerator trains the generator alone, on L1.
const StageGenerator StageKind = "generator"

// Stage is one part of a run's schedule. Each starts with fresh optimizer
// moments and its own order of pictures.
type Stage struct {
	Kind   StageKind `json:"kind"`
	Epochs int       `json:"epochs"`
	// GeneratorRate is Adam's learning rate for the generator.
	GeneratorRate float64 `json:"generator_rate"`
}

// Stages returns the schedule in order, without empty stages.
func (r Recipe) Stages() []Stage {
	return []Stage{{Kind: StageGenerator, Epochs: r.Epochs, GeneratorRate: r.GeneratorRate}}
}
