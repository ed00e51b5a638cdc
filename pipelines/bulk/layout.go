// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// layout says where a job's files are.
type layout struct {
	// Output is the folder or the .zip, Archive which of the two.
	Output  string
	Archive bool
}

func newLayout(output string) (layout, error) {
	abs, err := filepath.Abs(output)
	if err != nil {
		return layout{}, fmt.Errorf("finding output %q: %w", output, err)
	}
	return layout{Output: abs, Archive: strings.EqualFold(filepath.Ext(abs), ".zip")}, nil
}

// reportDir is the folder of the report and of the state folder.
func (l layout) reportDir() string {
	if l.Archive {
		return l.Output + ".report"
	}
	return l.Output
}

func (l layout) state(elements ...string) string {
	return filepath.Join(append([]string{l.reportDir(), stateName}, elements...)...)
}

func (l layout) job() string    { return l.state("job.json") }
func (l layout) plan() string   { return l.state("plan") }
func (l layout) ledger() string { return l.state("ledger") }
func (l layout) tmp() string    { return l.state("tmp") }
func (l layout) thumbs() string { return l.state("thumbs") }
func (l layout) parts() string  { return l.state("parts") }

// finished is the record that an archive is whole.
func (l layout) finished() string { return l.state("archive.json") }

func (l layout) reportHTML() string { return filepath.Join(l.reportDir(), "report.html") }
func (l layout) reportJSON() string { return filepath.Join(l.reportDir(), "report.json") }
func (l layout) rejects() string    { return filepath.Join(l.reportDir(), "rejects.jsonl") }

// apart refuses an output of the wrong kind, one that is the input or lies
// inside it, where the next run would colour the coloured pictures, and an input
// inside the output, whose pictures could be overwritten. What a list or pattern
// leads to is the fence's to keep apart.
func (l layout) apart(input string) error {
	in, remote := input, gcs.IsURL(input)
	if !remote {
		var err error
		if in, err = realPath(input); err != nil {
			return fault.Request("finding input %q: %w", input, err)
		}
	}
	out, err := realPath(l.Output)
	if err != nil {
		return fault.Request("finding output %q: %w", l.Output, err)
	}
	info, err := os.Stat(out)
	switch {
	case err == nil && l.Archive && info.IsDir():
		return fault.Request("output %q ends in .zip and must be a file, got a folder; -overwrite does not replace it", l.Output)
	case err == nil && !l.Archive && !info.IsDir():
		return fault.Request("output must be a folder, or a file ending in .zip, got the file %q", l.Output)
	case remote:
		return nil
	case in == out:
		return fault.Request("output must not be the input, got %q for both", input)
	case inside(out, in):
		return fault.Request("output must not lie inside the input %q, got %q: a second run would colour it again", input, l.Output)
	case inside(in, out):
		return fault.Request("input must not lie inside the output %q, got %q: its files could be overwritten", l.Output, input)
	}
	return nil
}

func inside(inner, outer string) bool {
	rel, err := filepath.Rel(outer, inner)
	return err == nil && rel != "." && filepath.IsLocal(rel)
}

// realPath resolves symbolic links of the part of a path that exists.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	var rest []string
	for dir := abs; ; dir = filepath.Dir(dir) {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return filepath.Join(append([]string{real}, rest...)...), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return "", err
		}
		rest = append([]string{filepath.Base(dir)}, rest...)
	}
}

// claim makes the job's folders, once it is clear that the output is free or
// the job's own. It is where an output that cannot be written is found. With
// overwrite, the job's files are its own from here on, whatever is there.
func (l layout) claim(overwrite bool) error {
	for _, dir := range []string{l.plan(), l.ledger(), l.thumbs(), l.parts(), l.published()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fault.Request("making output %q: %w", l.Output, err)
		}
	}
	// What a killed run was writing has no name yet and is worth nothing.
	if err := os.RemoveAll(l.tmp()); err != nil {
		return fault.Request("making output %q: %w", l.Output, err)
	}
	if err := os.Mkdir(l.tmp(), 0o755); err != nil {
		return fault.Request("making output %q: %w", l.Output, err)
	}
	if err := l.writable(); err != nil || !overwrite {
		return err
	}
	for _, name := range l.results() {
		if err := l.mark(name); err != nil {
			return err
		}
	}
	return nil
}

// writable tries to write where the job's files and pictures will go.
func (l layout) writable() error {
	dirs := []string{l.tmp(), l.reportDir()}
	if l.Archive {
		dirs = append(dirs, filepath.Dir(l.Output))
	}
	for _, dir := range dirs {
		f, err := os.CreateTemp(dir, stateName+"-*.tmp")
		if err != nil {
			return fault.Request("output %q must be writable: %w", l.Output, err)
		}
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
			return fault.Request("output %q must be writable: %w", l.Output, err)
		}
	}
	return nil
}
