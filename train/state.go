// SPDX-License-Identifier: Apache-2.0

package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// state is what a checkpoint holds beside the tensors. It lies in the weight
// file's metadata, so that the two cannot part.
type state struct {
	Format int `json:"format"`
	// Recipe and Data name what the numbers depend on, as hashes.
	Recipe string `json:"recipe_sha256"`
	Data   string `json:"data_sha256"`

	Position position `json:"position"`
	// Step and Epoch are totals through all stages, whatever network a stage
	// trains.
	Step  int64 `json:"step"`
	Epoch int   `json:"epoch"`
	// MetricsBytes is the length of metrics.jsonl.
	MetricsBytes int64 `json:"metrics_bytes"`

	// Pending counts the steps whose losses are in the sums on the device, Line
	// those since the last line of the metrics, Pass those of this epoch.
	Pending int64 `json:"pending"`
	Line    mean  `json:"line"`
	Pass    mean  `json:"pass"`

	Best *best `json:"best,omitempty"`
	// TrainL1 and Validation are the last epoch's.
	TrainL1    float64 `json:"train_l1"`
	Validation *Scores `json:"validation,omitempty"`
}

// best is the checkpoint with the lowest validation L1 of its stage so far, or
// training L1 where a data set has no pictures for validation, or the newest
// where a stage does not measure that either. The first epoch
// of a stage replaces that of the stage before: a network that a later stage
// trains further is not to be measured against an earlier one.
type best struct {
	File  string  `json:"file"`
	Stage int     `json:"stage"`
	Step  int64   `json:"step"`
	Epoch int     `json:"epoch"`
	L1    float64 `json:"l1"`
}

// stateFormat is the version of [state]; stateKey its key in the metadata.
const (
	stateFormat = 2
	stateKey    = "chromabeam.train.state"
)

func (s state) encode() (map[string]string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("writing a checkpoint's state: %w", err)
	}
	return map[string]string{stateKey: string(text)}, nil
}

// identity is what a checkpoint must share with the run that goes on from it.
type identity struct {
	recipe, data string // hashes
	schedule     schedule
}

// decodeState reads a checkpoint's state and refuses that of another recipe or
// data set, and one that does not lie in the schedule.
func decodeState(metadata map[string]string, of identity) (state, error) {
	text, ok := metadata[stateKey]
	if !ok {
		return state{}, fault.Request("the checkpoint holds no position to go on from")
	}
	var s state
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return state{}, fmt.Errorf("reading a checkpoint's state: %w", err)
	}
	switch {
	case s.Format != stateFormat:
		return state{}, fault.Request("the checkpoint's format is %d, this version reads %d", s.Format, stateFormat)
	case s.Recipe != of.recipe:
		return state{}, fault.Request("the checkpoint comes from another recipe (SHA-256 %.12s, this one is %.12s)",
			s.Recipe, of.recipe)
	case s.Data != of.data:
		return state{}, fault.Request("the checkpoint comes from another data set (SHA-256 %.12s, this one is %.12s)",
			s.Data, of.data)
	case !of.schedule.holds(s.Position) || s.MetricsBytes < 0 || s.Pending < 0:
		return state{}, fmt.Errorf("reading a checkpoint's state: position %+v is not in the schedule", s.Position)
	}
	return s, nil
}

// recipeHash names everything in a recipe that numbers depend on.
func recipeHash(r recipes.Recipe) (string, error) {
	r.About = recipes.About{}
	text, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("hashing the recipe: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
