// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
)

// keepCheckpoints is how many of the newest weight files stay, beside the best.
const keepCheckpoints = 2

// weightFile names the weight file of a step; names sort by step.
func weightFile(step int64) string { return fmt.Sprintf("step-%09d.safetensors", step) }

const weightPattern = "step-*.safetensors"

// saveCheckpoint writes weights and state, and only then lets last.json point
// to them: a run that dies before goes on from the checkpoint before.
func saveCheckpoint(run string, store *ml.Store, s state) error {
	failpoint.Hit(pointCheckpointBegun)
	list, err := model.StoreTensors(store)
	if err != nil {
		return fmt.Errorf("saving a checkpoint: %w", err)
	}
	metadata, err := s.encode()
	if err != nil {
		return err
	}
	ref := model.CheckpointRef{File: weightFile(s.Step), Step: s.Step, Epoch: s.Epoch}
	if err := model.SaveSafetensors(filepath.Join(run, model.CheckpointsDir, ref.File), list, metadata); err != nil {
		return fmt.Errorf("saving a checkpoint: %w", err)
	}
	failpoint.Hit(pointCheckpointWeights)
	if err := model.WriteCheckpointRef(run, model.CheckpointLast, ref); err != nil {
		return fmt.Errorf("saving a checkpoint: %w", err)
	}
	failpoint.Hit(pointCheckpointLast)
	if err := writeBest(run, s.Best); err != nil {
		return err
	}
	failpoint.Hit(pointCheckpointBest)
	if err := pruneCheckpoints(run, s.Best); err != nil {
		return err
	}
	failpoint.Hit(pointCheckpointPruned)
	return nil
}

// writeBest lets best.json point to the best weights.
func writeBest(run string, b *best) error {
	if b == nil {
		return nil
	}
	ref := model.CheckpointRef{File: b.File, Step: b.Step, Epoch: b.Epoch}
	if err := model.WriteCheckpointRef(run, model.CheckpointBest, ref); err != nil {
		return fmt.Errorf("saving a checkpoint: %w", err)
	}
	return nil
}

// pruneCheckpoints removes all but the newest weight files and the best.
func pruneCheckpoints(run string, b *best) error {
	files, err := filepath.Glob(filepath.Join(run, model.CheckpointsDir, weightPattern))
	if err != nil {
		return fmt.Errorf("listing checkpoints: %w", err)
	}
	slices.Sort(files)
	for _, file := range files[:max(0, len(files)-keepCheckpoints)] {
		if b != nil && filepath.Base(file) == b.File {
			continue
		}
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("removing an old checkpoint: %w", err)
		}
	}
	return nil
}

// loadCheckpoint restores the checkpoint that last.json points to. It returns
// false where the run has none yet.
func loadCheckpoint(run string, store *ml.Store, of identity) (state, bool, error) {
	ref, err := model.ReadCheckpointRef(run, model.CheckpointLast)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, false, nil
	}
	if err != nil {
		return state{}, false, fmt.Errorf("going on with %q: %w", run, err)
	}
	list, metadata, err := model.LoadSafetensors(filepath.Join(run, model.CheckpointsDir, ref.File))
	if err != nil {
		return state{}, false, fmt.Errorf("going on with %q: %w", run, err)
	}
	s, err := decodeState(metadata, of)
	if err != nil {
		return state{}, false, fmt.Errorf("going on with %q from %q: %w", run, ref.File, err)
	}
	if err := model.RestoreTensors(store, list); err != nil {
		return state{}, false, fmt.Errorf("going on with %q from %q: %w", run, ref.File, err)
	}
	// A run may have died right after the pointer was set.
	return s, true, errors.Join(writeBest(run, s.Best), pruneCheckpoints(run, s.Best))
}
