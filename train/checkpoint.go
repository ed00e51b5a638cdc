// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// keepCheckpoints is how many of the newest weight files stay, beside the best.
const keepCheckpoints = 2

// weightFile names the weight file made after a number of steps, counted
// through all stages; names sort by it.
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
	if err := pruneCheckpoints(run, s.Step); err != nil {
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

// pruneCheckpoints removes the weight files that a run at step current no longer
// needs: those of later steps, which nothing points to after a run was broken
// off, and all but the newest of the others. What last.json and best.json name
// stays in any case.
func pruneCheckpoints(run string, current int64) error {
	keep := map[string]bool{weightFile(current): true}
	for _, pointer := range []string{model.CheckpointLast, model.CheckpointBest} {
		ref, err := model.ReadCheckpointRef(run, pointer)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing old checkpoints: %w", err)
		}
		keep[ref.File] = true
	}
	files, err := filepath.Glob(filepath.Join(run, model.CheckpointsDir, weightPattern))
	if err != nil {
		return fmt.Errorf("listing checkpoints: %w", err)
	}
	slices.Sort(files)
	orphans := slices.IndexFunc(files, func(file string) bool { return filepath.Base(file) > weightFile(current) })
	if orphans < 0 {
		orphans = len(files)
	}
	for i, file := range files {
		newest := i < orphans && i >= orphans-keepCheckpoints
		if newest || keep[filepath.Base(file)] {
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
	if err := sameTensors(store, list); err != nil {
		return state{}, false, fmt.Errorf("going on with %q from %q: %w", run, ref.File, err)
	}
	if err := model.RestoreTensors(store, list); err != nil {
		return state{}, false, fmt.Errorf("going on with %q from %q: %w", run, ref.File, err)
	}
	// A run may have died right after the pointer was set.
	if err := writeBest(run, s.Best); err != nil {
		return state{}, false, err
	}
	return s, true, pruneCheckpoints(run, s.Step)
}

// sameTensors refuses a checkpoint that does not hold exactly the variables of
// this run: what it lacks would silently begin anew.
func sameTensors(store *ml.Store, list []model.NamedTensor) error {
	own, err := model.StoreTensors(store)
	if err != nil {
		return fmt.Errorf("listing the run's variables: %w", err)
	}
	lacking := make(map[string]bool, len(own))
	for _, t := range own {
		lacking[t.Name] = true
	}
	var unknown []string
	for _, t := range list {
		if !lacking[t.Name] {
			unknown = append(unknown, t.Name)
		}
		delete(lacking, t.Name)
	}
	var problems []error
	if len(lacking) > 0 {
		problems = append(problems, fmt.Errorf("the checkpoint lacks %s", someOf(slices.Sorted(maps.Keys(lacking)))))
	}
	if len(unknown) > 0 {
		problems = append(problems, fmt.Errorf("the checkpoint holds %s, which this run does not know", someOf(unknown)))
	}
	return fault.AsRequest(errors.Join(problems...))
}

// someOf names the first of a list in a message.
func someOf(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
