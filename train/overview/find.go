// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// deepest is how far below a folder that was named runs are looked for.
const deepest = 3

// found is a run, or the place where one should be.
type found struct {
	// name is the run's place below what was named, with slashes; folder its path.
	name, folder string
	// sweep is the experiment that the run is one of, and label its name in it.
	sweep *recipes.Experiment
	label string
	run   train.FolderRun
	// status is the run's own, or damaged or missing; problem says why.
	status, problem string
}

// What a run can be beside the statuses of package train.
const (
	statusDamaged = "damaged"
	statusMissing = "missing"
)

// finder collects runs, each folder once.
type finder struct {
	list []found
	seen map[string]bool
	// problems are what could not be read and belongs to no run.
	problems []string
}

// find looks for the runs of every folder that was named, in the order of names
// within a folder.
func find(folders []string) (*finder, error) {
	f := &finder{seen: map[string]bool{}}
	for _, folder := range folders {
		if err := f.look(folder, filepath.Base(filepath.Clean(folder)), 0); err != nil {
			return nil, err
		}
	}
	for _, one := range f.list {
		if one.status != statusDamaged && one.status != statusMissing {
			return f, nil
		}
	}
	var reasons []string
	for _, one := range f.list {
		reasons = append(reasons, one.problem)
	}
	return nil, fault.Request("none of the folders holds a run that can be read: %s",
		strings.Join(append(reasons, f.problems...), "; "))
}

// look takes what a folder holds. An error is one of the device: what a folder lacks
// is noted.
func (f *finder) look(folder, name string, depth int) error {
	at, err := filepath.Abs(folder)
	if err == nil {
		if resolved, err := filepath.EvalSymlinks(at); err == nil {
			at = resolved
		}
	}
	if f.seen[at] {
		return nil
	}
	f.seen[at] = true
	if name == "." || name == ".." || name == string(filepath.Separator) {
		name = filepath.Base(at)
	}
	switch {
	case train.IsSweep(folder):
		return f.lookSweep(folder, name)
	case train.IsRun(folder):
		f.read(found{name: name, folder: folder})
		return nil
	}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		f.list = append(f.list, found{name: name, folder: folder, status: statusMissing, problem: fmt.Sprintf("%s is not there", name)})
		return nil
	}
	if err != nil {
		return fault.AsRequest(fmt.Errorf("looking for runs: %w", err))
	}
	before := len(f.list)
	if depth < deepest {
		for _, e := range entries {
			if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				child := path.Join(name, e.Name())
				if depth == 0 {
					child = e.Name()
				}
				if err := f.look(filepath.Join(folder, e.Name()), child, depth+1); err != nil {
					return err
				}
			}
		}
	}
	if depth == 0 && len(f.list) == before {
		f.problems = append(f.problems, fmt.Sprintf("%s holds no run", name))
	}
	return nil
}

// lookSweep takes the runs that a sweep has, and those that it has yet to train. Of
// a sweep whose file is damaged the runs that are there still count, each for itself.
func (f *finder) lookSweep(folder, name string) error {
	e, err := train.ReadSweep(folder)
	if err != nil {
		f.problems = append(f.problems, fmt.Sprintf("the sweep in %s is damaged: %s", name, withoutFolder(err, folder)))
		entries, err := os.ReadDir(folder)
		if err != nil {
			return fault.AsRequest(fmt.Errorf("looking for runs: %w", err))
		}
		for _, entry := range entries {
			if child := filepath.Join(folder, entry.Name()); train.IsRun(child) {
				f.read(found{name: path.Join(name, entry.Name()), folder: child})
			}
		}
		return nil
	}
	for _, label := range e.Labels() {
		f.read(found{name: path.Join(name, label), folder: filepath.Join(folder, label), sweep: &e, label: label})
	}
	return nil
}

// read reads a run.
func (f *finder) read(one found) {
	run, err := train.ReadRun(one.folder)
	switch {
	case err == nil:
		one.run, one.status = run, string(run.Status)
	case errors.Is(err, fs.ErrNotExist):
		one.status, one.problem = statusMissing, "it has not begun"
	default:
		one.status, one.problem = statusDamaged, withoutFolder(err, one.folder)
	}
	one.name, one.label = report.Legible(one.name), report.Legible(one.label)
	f.list = append(f.list, one)
}

// withoutFolder is an error's text without the path that the run has on this
// machine, which says nothing to a reader elsewhere.
func withoutFolder(err error, folder string) string {
	text := strings.ReplaceAll(err.Error(), folder+string(filepath.Separator), "")
	return report.Legible(strings.ReplaceAll(text, "\n", "; "))
}
