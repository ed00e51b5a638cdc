// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// The files that a job writes beside the pictures are its own once it has
// written them. An empty file of their name in the folder "published" says so;
// it is made when such a file is complete, just before it gets its name. That
// job.json is there says nothing of the kind: a run that was refused, killed or
// cancelled may have left it long before there was any of these files.

func (l layout) published() string { return l.state("published") }

// results are those files.
func (l layout) results() []string {
	names := []string{l.reportHTML(), l.reportJSON(), l.rejects()}
	if l.Archive {
		names = append(names, l.Output)
	}
	return names
}

// marker is the record that the job has published one of the results. The
// archive's has no name of its own, so that archive and records may be renamed
// together.
func (l layout) marker(name string) string {
	if name == l.Output {
		return filepath.Join(l.published(), "archive")
	}
	return filepath.Join(l.published(), filepath.Base(name))
}

// mark records that a result is the job's own.
func (l layout) mark(name string) error {
	if _, err := os.Lstat(l.marker(name)); err == nil {
		return nil
	}
	return l.publish(l.marker(name), func(io.Writer) error { return nil })
}

// mayReplace refuses a result that is there and that the job did not publish.
func (l layout) mayReplace(name string) error {
	if _, err := os.Lstat(l.marker(name)); err == nil {
		return nil
	}
	_, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fault.Request("looking at output: %w", err)
	}
	return fault.Request("output %q exists and was not written by this job: use -overwrite to replace it", name)
}

// free refuses to go on where a result would replace a file that is not the
// job's, before any work is done.
func (l layout) free() error {
	for _, name := range l.results() {
		if err := l.mayReplace(name); err != nil {
			return err
		}
	}
	return nil
}

// publishResult is [layout.publishSteps] for a result. It looks once more what
// is there, since a run may take long.
func (l layout) publishResult(name string, write func(io.Writer) error, written func()) error {
	return l.publishSteps(name, write, func() error {
		written()
		if err := l.mayReplace(name); err != nil {
			return err
		}
		return l.mark(name)
	})
}
