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

// weightFile names the weight file made after a number of steps, counted
// through all stages; names sort by it.
func weightFile(step int64) string { return fmt.Sprintf("step-%09d.safetensors", step) }

const weightPattern = "step-*.safetensors"

// saveCheckpoint writes weights and state, and only then lets last.json point
// to them: a run that dies before goes on from the checkpoint before.
func saveCheckpoint(run string, store *ml.Store, s state, keep int) error {
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
	if err := pruneCheckpoints(run, s.Step, keep); err != nil {
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
	if _, err := os.Stat(ref.Path(run)); errors.Is(err, fs.ErrNotExist) {
		// A later checkpoint removed it and was damaged then.
		err := os.Remove(filepath.Join(run, model.CheckpointsDir, model.CheckpointBest+".json"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the pointer to a checkpoint that is gone: %w", err)
		}
		return nil
	}
	if err := model.WriteCheckpointRef(run, model.CheckpointBest, ref); err != nil {
		return fmt.Errorf("saving a checkpoint: %w", err)
	}
	return nil
}

// pruneCheckpoints removes the weight files that a run at step current no longer
// needs: those of later steps, which nothing points to after a run was broken
// off, and all but the newest of the others. What last.json and best.json name
// stays in any case.
func pruneCheckpoints(run string, current int64, newest int) error {
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
		recent := i < orphans && i >= orphans-newest
		if recent || keep[filepath.Base(file)] {
			continue
		}
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("removing an old checkpoint: %w", err)
		}
	}
	return nil
}

// loadCheckpoint restores the checkpoint that last.json points to or, where that
// or its file is damaged, the newest one before it that is whole. It returns
// false where the run has none yet.
func loadCheckpoint(
	run string, store *ml.Store, of identity, keep int, note func(format string, args ...any),
) (state, bool, error) {
	ref, pointerErr := model.ReadCheckpointRef(run, model.CheckpointLast)
	files, err := candidates(run, ref.File)
	if err != nil || len(files) == 0 {
		return state{}, false, err
	}
	var damage []error
	for _, file := range files {
		s, err := readCheckpoint(run, file, store, of)
		if errors.Is(err, model.ErrDamaged) || errors.Is(err, fs.ErrNotExist) {
			damage = append(damage, err)
			continue
		}
		if err != nil {
			return state{}, false, fmt.Errorf("going on with %q from %q: %w", run, file, err)
		}
		switch {
		case pointerErr != nil:
			note("%v; going on from the newest checkpoint, %s, at step %d", pointerErr, file, s.Step)
		case len(damage) > 0:
			note("%v; going on from the checkpoint before, %s, at step %d", errors.Join(damage...), file, s.Step)
		}
		return s, true, takeUp(run, s, keep)
	}
	return state{}, false, fmt.Errorf("going on with %q: no checkpoint is whole: %w", run, errors.Join(damage...))
}

// candidates lists the weight files from the given one back to the oldest, or all
// of them where none is given: a run that died between its first checkpoint and
// last.json has that one.
func candidates(run, last string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(run, model.CheckpointsDir, weightPattern))
	if err != nil {
		return nil, fmt.Errorf("listing checkpoints: %w", err)
	}
	var files []string
	if last != "" {
		files = append(files, last)
	}
	slices.Sort(paths)
	for _, path := range slices.Backward(paths) {
		if file := filepath.Base(path); last == "" || file < last {
			files = append(files, file)
		}
	}
	return files, nil
}

// readCheckpoint restores one weight file.
func readCheckpoint(run, file string, store *ml.Store, of identity) (state, error) {
	list, metadata, err := model.LoadSafetensors(filepath.Join(run, model.CheckpointsDir, file))
	if err != nil {
		return state{}, err
	}
	s, err := decodeState(metadata, of)
	if err != nil {
		return state{}, err
	}
	if err := sameTensors(store, list); err != nil {
		return state{}, err
	}
	return s, model.RestoreTensors(store, list)
}

// takeUp makes the folder say what the restored state does: a run may have died
// right after a pointer was set, or its newest checkpoint be damaged.
func takeUp(run string, s state, keep int) error {
	ref := model.CheckpointRef{File: weightFile(s.Step), Step: s.Step, Epoch: s.Epoch}
	if err := model.WriteCheckpointRef(run, model.CheckpointLast, ref); err != nil {
		return fmt.Errorf("taking up a checkpoint: %w", err)
	}
	if err := writeBest(run, s.Best); err != nil {
		return err
	}
	return pruneCheckpoints(run, s.Step, keep)
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
