// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// place is where a job that is killed writes.
type place struct {
	name   string
	points []string
	// of and part choose the points that are tried unless more is asked for: every
	// of-th, from part on.
	part, of int
	// output makes a place of its own for the n-th job.
	output func(t *testing.T, n int) string
	// names returns the names of all files below a folder or prefix.
	names func(t *testing.T, output string) []string
}

func places(server *gcstest.Server) []place {
	local := func(name string) func(*testing.T, int) string {
		return func(t *testing.T, _ int) string {
			t.Helper()
			return filepath.Join(t.TempDir(), name)
		}
	}
	remote := func(suffix string) func(*testing.T, int) string {
		return func(_ *testing.T, n int) string { return "gs://out/" + strconv.Itoa(n) + suffix }
	}
	objects := func(_ *testing.T, output string) []string {
		bucket, prefix, _ := strings.Cut(strings.TrimPrefix(output, "gs://"), "/")
		var names []string
		for _, name := range server.List(bucket, prefix) {
			names = append(names, strings.TrimPrefix(name, prefix))
		}
		return names
	}
	synced := []string{"publish.file.synced:4"}
	named := []string{"publish.file.written:3", "publish.file.renamed:6"}
	folderPoints := slices.Concat(Failpoints(), []string{fpPictureRenamed + ":5", fpSegmentRenamed + ":2"}, named)
	archivePoints := slices.Concat(ArchiveFailpoints(), []string{fpPartRenamed + ":2", fpPartMarked + ":3", fpSegmentRenamed + ":2"}, named)
	return []place{
		{"folder", slices.Concat(folderPoints, synced), 0, 2, local("out"), fileNames},
		{"zip", slices.Concat(archivePoints, synced), 0, 4, local("out.zip"), fileNames},
		{"tar", archivePoints, 1, 4, local("out.tar"), fileNames},
		{"bucket folder", folderPoints, 1, 2, remote(""), objects},
		{"bucket zip", archivePoints, 2, 4, remote(".zip"), objects},
		{"bucket tar", archivePoints, 3, 4, remote(".tar"), objects},
	}
}

// fileNames lists the files of an output and of its report's folder.
func fileNames(t *testing.T, output string) []string {
	t.Helper()
	var names []string
	dir := filepath.Dir(output)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, filepath.ToSlash(strings.TrimPrefix(path, output)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// random is what the names of records have of a run and of chance.
var random = regexp.MustCompile(`[0-9]{6}-[0-9a-f]{12}`)

// left returns the names of what a job has left, but for the ledger's segments,
// whose number differs.
func left(names []string) []string {
	var out []string
	for _, name := range names {
		if !strings.Contains(name, "/ledger/") {
			out = append(out, random.ReplaceAllString(name, "RUN-ID"))
		}
	}
	return out
}

// ledger returns how many lines each picture has, by its name.
func ledger(t *testing.T, output string) map[string]int {
	t.Helper()
	l, err := newLayout(output)
	if err != nil {
		t.Fatal(err)
	}
	st, err := l.records()
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]int{}
	err = eachLine(t.Context(), st, 0, func(l line, _ int) error {
		lines[l.Source]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestFolderSink: a file that has come since the plan was made stays, unless it
// is the very picture.
func TestFolderSink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, stateName, "tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"other.png": "other", "long.png": "longer", "same.png": "mine!", "old.png": "older"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.png"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := openSink(spec{Layout: layout{Output: dir, Kind: folder}}, "w")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.close() }()
	for _, tt := range []struct{ name, found, want string }{
		{"new.png", "", "mine!"},
		{"other.png", "", "other"},
		{"long.png", "", "longer"},
		{"same.png", "", "mine!"},
		{"old.png", "file", "mine!"},
		{"folder.png", "", ""},
		{"a/new.png", "", "mine!"},
	} {
		_, err := s.store(t.Context(), item{Key: "k", Output: tt.name, Found: tt.found}, []byte("mine!"))
		data, _ := os.ReadFile(filepath.Join(dir, tt.name)) // nothing of a folder
		if string(data) != tt.want || isPicture(err) != (tt.want != "mine!") || err != nil && !isPicture(err) {
			t.Errorf("%s holds %q, want %q (%v)", tt.name, data, tt.want, err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(dir, stateName, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
