// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// The names inside a run folder, beside those of package model.
const (
	recipeFile  = "recipe.json"
	recordFile  = "run.json"
	metricsFile = "metrics.jsonl"
	timingsFile = "timings.jsonl"
	samplesDir  = "samples"
	eventsDir   = "events"
	reportFile  = "report.html"
)

// openFolder makes or takes over the run folder. Where there is a run to go on
// with it fills old with its record and returns true. recipe.json is written
// first and removed last: it is what makes a folder a run of ours.
func openFolder(o Options, now record, old *record) (resumed bool, err error) {
	resumed, err = takeOver(o, now, old)
	if err != nil {
		return false, err
	}
	if resumed {
		return true, removeTemporary(o.Output)
	}
	for _, dir := range []string{"", model.CheckpointsDir, samplesDir, eventsDir} {
		if err := os.MkdirAll(filepath.Join(o.Output, dir), 0o755); err != nil {
			return false, fault.Request("making the run folder: %w", err)
		}
	}
	if err := errors.Join(removeTemporary(o.Output), removePointers(o.Output)); err != nil {
		return false, err
	}
	if err := writeJSON(o.Output, recipeFile, o.Recipe); err != nil {
		return false, fault.Request("making the run folder: %w", err)
	}
	failpoint.Hit(pointFolderRecipe)
	if err := model.WriteModelConfig(o.Output, o.Recipe.Generator()); err != nil {
		return false, fmt.Errorf("making the run folder: %w", err)
	}
	return false, nil
}

// standing is what a run finds in its output folder.
type standing int

const (
	standsFree    standing = iota // nothing that is in the way
	standsReplace                 // a run of ours that has to go
	standsResume                  // a run to go on with
)

// takeOver makes room where the output holds a run that has to go, and tells
// whether there is one to go on with.
func takeOver(o Options, now record, old *record) (resume bool, err error) {
	found, err := lookAt(o, now, old)
	if err == nil && found == standsReplace {
		err = removeRun(o.Output)
	}
	return err == nil && found == standsResume, err
}

// lookAt looks at what the output holds and refuses what must stay. It changes
// nothing. Of a run to go on with it fills old with the record.
func lookAt(o Options, now record, old *record) (standing, error) {
	used, err := inUse(o.Output)
	if err != nil || !used {
		return standsFree, err
	}
	var there recipes.Recipe
	switch err := readJSON(o.Output, recipeFile, &there); {
	case errors.Is(err, fs.ErrNotExist):
		if !o.Overwrite {
			return standsFree, fault.Request("output %q is not empty and holds no run; name another folder, or overwrite", o.Output)
		}
		return standsFree, namesTaken(o.Output) // what is not ours stays where it is
	case err != nil:
		return standsFree, fault.AsRequest(err)
	case there.Validate() != nil:
		return standsFree, fault.Request("output %q holds a %s that is no recipe of ours; name another folder", o.Output, recipeFile)
	case o.Overwrite:
		return standsReplace, nil
	case !o.Resume:
		return standsFree, fault.Request("output %q holds a run of recipe %q already; resume it, or overwrite it", o.Output, there.Name)
	}
	if err := sameRecipe(o.Output, there, o.Recipe); err != nil {
		return standsFree, err
	}
	if err := readJSON(o.Output, recordFile, old); errors.Is(err, fs.ErrNotExist) {
		// It died before it began, or while it was being replaced: checkpoints
		// that are left are not its own.
		return standsReplace, nil
	} else if err != nil {
		return standsFree, fault.AsRequest(err)
	}
	return standsResume, errors.Join(sameData(o.Output, old.Data, now.Data), sameInit(o.Output, old.Init, now.Init))
}

// namesTaken refuses a folder that is no run but holds files of a run's names:
// they are somebody else's, or another kind of ours.
func namesTaken(dir string) error {
	for _, name := range []string{
		sweepFile, recordFile, metricsFile, timingsFile, reportFile, model.ModelFile, model.CheckpointsDir, samplesDir, eventsDir,
	} {
		path := filepath.Join(dir, name)
		if entries, err := os.ReadDir(path); err == nil && len(entries) == 0 {
			continue // nobody's
		}
		if _, err := os.Lstat(path); err == nil {
			return fault.Request("output %q holds no run, but a %s that is not a run's; name another folder", dir, name)
		}
	}
	return nil
}

// inUse tells whether a folder holds anything but what a publication that was
// broken off has left.
func inUse(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fault.Request("opening the run folder: %w", err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case isTemporary(name):
		case e.IsDir() && (name == model.CheckpointsDir || name == samplesDir || name == eventsDir):
			if inside, err := os.ReadDir(filepath.Join(dir, name)); err != nil || len(inside) > 0 {
				return true, err
			}
		default:
			return true, nil
		}
	}
	return false, nil
}

// isTemporary tells whether a name is that of a file whose publication was
// broken off: NAME.*.tmp as package shard makes them, or .NAME.tmp-* as package
// model does.
func isTemporary(name string) bool {
	for _, ours := range []string{
		recipeFile, recordFile, reportFile, sweepFile, model.ModelFile, samplePattern, bestGrid, worstGrid, extremesFile,
		weightPattern, "last.json", "best.json",
	} {
		for _, pattern := range []string{ours + ".*.tmp", "." + ours + ".tmp-*"} {
			if match, err := filepath.Match(pattern, name); err == nil && match {
				return true
			}
		}
	}
	return false
}

// removeTemporary removes what broken publications left in a run folder.
func removeTemporary(run string) error {
	for _, dir := range []string{"", model.CheckpointsDir, samplesDir} {
		entries, err := os.ReadDir(filepath.Join(run, dir))
		if err != nil {
			return fmt.Errorf("looking for temporary files: %w", err)
		}
		for _, e := range entries {
			if !isTemporary(e.Name()) {
				continue
			}
			if err := os.Remove(filepath.Join(run, dir, e.Name())); err != nil {
				return fmt.Errorf("removing a temporary file: %w", err)
			}
		}
	}
	return nil
}

// removeRun removes a run's own files and leaves what else lies in its folders.
// run.json goes first, so that nothing that is broken off here passes for a run
// to go on with; recipe.json goes last, since it is what makes the folder ours.
func removeRun(dir string) error {
	for _, pattern := range []string{
		recordFile,
		filepath.Join(model.CheckpointsDir, model.CheckpointLast+".json"),
		filepath.Join(model.CheckpointsDir, model.CheckpointBest+".json"),
		filepath.Join(model.CheckpointsDir, weightPattern),
		filepath.Join(samplesDir, samplePattern),
		filepath.Join(samplesDir, bestGrid), filepath.Join(samplesDir, worstGrid), filepath.Join(samplesDir, extremesFile),
		filepath.Join(eventsDir, eventsPattern),
		metricsFile, timingsFile, reportFile, model.ModelFile, recipeFile,
	} {
		files, err := fs.Glob(os.DirFS(dir), filepath.ToSlash(pattern)) // dir itself is no pattern
		if err != nil {
			return fmt.Errorf("replacing the run: %w", err)
		}
		for _, file := range files {
			if err := os.Remove(filepath.Join(dir, file)); err != nil {
				return fmt.Errorf("replacing the run: %w", err)
			}
		}
	}
	for _, name := range []string{model.CheckpointsDir, samplesDir, eventsDir} {
		_ = os.Remove(filepath.Join(dir, name)) // stays where something else lies in it
	}
	return nil
}

// removePointers removes what would let a run that begins anew go on from the
// checkpoints of one before, whose replacement was broken off.
func removePointers(run string) error {
	for _, name := range []string{model.CheckpointLast, model.CheckpointBest} {
		err := os.Remove(filepath.Join(run, model.CheckpointsDir, name+".json"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("making the run folder: %w", err)
		}
	}
	return nil
}
