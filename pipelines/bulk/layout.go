// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// kind is what an output is.
type kind string

const (
	folder     kind = "folder"
	zipArchive kind = "zip"
	tarArchive kind = "tar"
)

// layout says where a job's files are. It travels to workers: an output under
// gs:// is the same for all of them, a local one for those of this machine.
type layout struct {
	// Output is the folder or archive: an absolute path, or a gs:// URL without
	// slashes at its end.
	Output string
	Kind   kind
}

func newLayout(output string) (layout, error) {
	l := layout{Output: strings.TrimRight(output, "/"), Kind: folder}
	if gcs.IsURL(output) {
		if _, err := gcs.ParseURL(l.Output); err != nil {
			return layout{}, fmt.Errorf("finding output: %w", fault.AsRequest(err))
		}
	} else {
		abs, err := filepath.Abs(output)
		if err != nil {
			return layout{}, fmt.Errorf("finding output %q: %w", output, err)
		}
		l.Output = abs
	}
	switch lower := strings.ToLower(l.Output); {
	case strings.HasSuffix(lower, ".zip"):
		l.Kind = zipArchive
	case strings.HasSuffix(lower, ".tar"):
		l.Kind = tarArchive
	case strings.HasSuffix(lower, ".tar.gz"), strings.HasSuffix(lower, ".tgz"):
		return layout{}, fault.Request(
			"output must be a folder, a .zip or a .tar, got %q: pictures do not become smaller by gzip", output)
	}
	return l, nil
}

func (l layout) archive() bool { return l.Kind != folder }

func (l layout) remote() bool { return gcs.IsURL(l.Output) }

// reportDir is the folder of the report and of the records: a path or a gs://
// URL.
func (l layout) reportDir() string {
	if l.archive() {
		return l.Output + ".report"
	}
	return l.Output
}

// records opens the folder of the report and of the records.
func (l layout) records() (store.Store, error) { return store.Open(l.reportDir()) }

// beside opens the folder that an archive lies in and returns its name there.
func (l layout) beside() (store.Store, string, error) {
	if !l.remote() {
		st, err := store.Open(filepath.Dir(l.Output))
		return st, filepath.Base(l.Output), err
	}
	u, err := gcs.ParseURL(l.Output)
	if err != nil {
		return nil, "", err
	}
	dir, name := path.Split(u.Object)
	st, err := store.Open(gcs.URL{Bucket: u.Bucket, Object: strings.TrimSuffix(dir, "/")}.String())
	return st, name, err
}

// The names of a job's files in the folder of its report.
const (
	stateFolder   = stateName + "/"
	jobFile       = stateFolder + "job.json"
	planFolder    = stateFolder + "plan"
	ledgerFolder  = stateFolder + "ledger"
	thumbsFolder  = stateFolder + "thumbs"
	partsFolder   = stateFolder + "parts"
	publishedName = stateFolder + "published"
	totalsFile    = stateFolder + "totals.json"
	stopFolder    = stateFolder + "stop"

	reportHTMLFile = "report.html"
	reportJSONFile = "report.json"
	rejectsFile    = "rejects.jsonl"
)

// at is where a file of the report's folder is, for people.
func (l layout) at(name string) string {
	if l.remote() {
		return l.reportDir() + "/" + name
	}
	return filepath.Join(l.reportDir(), filepath.FromSlash(name))
}

// tmp is the folder of a local output's pictures that have no name yet.
func (l layout) tmp() string { return l.at(stateFolder + "tmp") }

// apart refuses an output of the wrong kind, one that is the input or lies
// inside it, where the next run would colour the coloured pictures, and an input
// inside the output, whose pictures could be overwritten. What a list or pattern
// leads to is the fence's to keep apart.
func (l layout) apart(input string) error {
	if l.remote() {
		return l.apartRemote(input)
	}
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
	case err == nil && l.archive() && info.IsDir():
		return fault.Request("output %q ends in .%s and must be a file, got a folder; -overwrite does not replace it", l.Output, l.Kind)
	case err == nil && !l.archive() && !info.IsDir():
		return fault.Request("output must be a folder, or a file ending in .zip or .tar, got the file %q", l.Output)
	case remote:
		return nil
	case in == out:
		return l.isInput(input)
	case inside(out, in):
		return l.insideInput(input)
	case inside(in, out):
		return l.holdsInput(input)
	}
	return nil
}

func (l layout) isInput(input string) error {
	return fault.Request("output must not be the input, got %q for both", input)
}

func (l layout) insideInput(input string) error {
	return fault.Request("output must not lie inside the input %q, got %q: a second run would colour it again", input, l.Output)
}

func (l layout) holdsInput(input string) error {
	return fault.Request("input must not lie inside the output %q, got %q: its files could be overwritten", l.Output, input)
}

// apartRemote is apart for an output under gs://.
func (l layout) apartRemote(input string) error {
	in := strings.TrimRight(input, "/")
	switch {
	case !gcs.IsURL(input):
		return nil
	case in == l.Output:
		return l.isInput(input)
	case strings.HasPrefix(l.Output, in+"/"):
		return l.insideInput(input)
	case strings.HasPrefix(in, l.Output+"/") && !l.archive():
		return l.holdsInput(input)
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
