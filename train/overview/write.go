// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// The names inside an overview's folder.
const (
	pageFile   = "index.html"
	readmeFile = "README.md"
	recordFile = "report.json"
)

// File is one of the overview's own files.
type File struct {
	// Name is its path below the folder, with slashes.
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Write reads the runs and writes their overview. What the folder holds beside it
// stays; files of an overview that was there before and are not needed any more go.
//
// A run that cannot be read is shown as that and is no error. A request that cannot
// work is one of [fault.Request], and then nothing is written: none of the folders
// holds a run, or the output has a file of the overview's names that it did not write.
// The folder is not locked: one overview writes into it at a time.
func Write(ctx context.Context, o Options) (Result, error) {
	if err := o.Validate(); err != nil {
		return Result{}, fault.AsRequest(err)
	}
	notes, err := readNotes(o.Notes)
	if err != nil {
		return Result{}, err
	}
	found, err := find(o.Runs)
	if err != nil {
		return Result{}, err
	}
	all := collect(found)
	all.Title, all.ToolVersion = report.Legible(o.Title), o.ToolVersion
	if o.Title == "" {
		all.Title = "The experiments side by side"
	}
	all.take(notes)
	files, err := render(ctx, &all)
	if err != nil {
		return Result{}, err
	}
	return publish(ctx, o, all, files)
}

// readNotes reads the file of notes, if there is one.
func readNotes(name string) (map[string]Note, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // no notes is no fault
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fault.AsRequest(fmt.Errorf("reading notes: %w", err))
	}
	notes, err := ParseNotes(string(data))
	if err != nil {
		return nil, fault.AsRequest(fmt.Errorf("reading notes %q: %w", name, err))
	}
	return notes, nil
}

// take puts notes to what they are about. Notes on an experiment that the page does
// not show are left out.
func (o *Overview) take(notes map[string]Note) {
	of := func(name string) *Note {
		if n, ok := notes[name]; ok {
			return &n
		}
		return nil
	}
	o.Summary, o.DataNote = of(notesSummary), of(notesData)
	for i := range o.Experiments {
		o.Experiments[i].Note = of(o.Experiments[i].Name)
	}
}

// render makes every file of the overview but report.json, by name.
func render(ctx context.Context, o *Overview) (map[string][]byte, error) {
	var s strips
	for i := range o.Experiments {
		for j := range o.Experiments[i].Runs {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if r := &o.Experiments[i].Runs[j]; r.readable() {
				if err := s.add(r); err != nil {
					return nil, err
				}
			}
		}
	}
	page, err := o.page(&s)
	if err != nil {
		return nil, err
	}
	var html, markdown bytes.Buffer
	if err := report.Render(&html, page); err != nil {
		return nil, err
	}
	if err := report.RenderMarkdown(&markdown, page); err != nil {
		return nil, err
	}
	files := s.files
	if files == nil {
		files = map[string][]byte{}
	}
	files[pageFile], files[readmeFile] = html.Bytes(), markdown.Bytes()
	for name, data := range files {
		o.Files = append(o.Files, File{Name: name, Bytes: int64(len(data)), SHA256: hash(data)})
	}
	slices.SortFunc(o.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// publish writes the files, report.json last, and removes those of the overview
// before that are not needed any more.
func publish(ctx context.Context, o Options, all Overview, files map[string][]byte) (Result, error) {
	var record bytes.Buffer
	if err := report.WriteJSON(&record, all); err != nil {
		return Result{}, err
	}
	before, err := look(o, files)
	if err != nil {
		return Result{}, err
	}
	if err := os.MkdirAll(filepath.Join(o.Output, picturesDir), 0o755); err != nil {
		return Result{}, fault.AsRequest(fmt.Errorf("making the overview's folder: %w", err))
	}
	result := Result{
		Page: filepath.Join(o.Output, pageFile), Experiments: len(all.Experiments), Totals: all.Totals,
		Files: len(files) + 1, Bytes: int64(record.Len()),
	}
	for _, e := range all.Experiments {
		for _, r := range e.Runs {
			if r.Problem != "" {
				result.Problems = append(result.Problems, r.Name+": "+r.Problem)
			}
		}
	}
	result.Problems = append(result.Problems, all.Problems...)
	for _, file := range all.Files {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		result.Bytes += file.Bytes
		if err := write(o.Output, file.Name, files[file.Name]); err != nil {
			return Result{}, err
		}
	}
	if err := write(o.Output, recordFile, record.Bytes()); err != nil {
		return Result{}, err
	}
	return result, removeStale(o.Output, before, files)
}

func write(dir, name string, data []byte) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	err := store.PublishFile(filepath.Dir(path), filepath.Base(path), func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing the overview: %w", err)
	}
	return nil
}

// look returns the files of the overview that the folder holds, and refuses to replace
// what is not an overview's own, or has been changed since it was written.
func look(o Options, files map[string][]byte) ([]File, error) {
	var there Overview
	data, err := os.ReadFile(filepath.Join(o.Output, recordFile))
	ours := err == nil && json.Unmarshal(data, &there) == nil && there.Kind == kind
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fault.AsRequest(fmt.Errorf("looking at the output: %w", err))
	case err == nil && !ours && !o.Overwrite:
		return nil, fault.Request("output %q holds a %s that is no overview's; name another folder, or overwrite", o.Output, recordFile)
	}
	var foreign []string
	for name, wanted := range files {
		data, err := os.ReadFile(filepath.Join(o.Output, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fault.AsRequest(fmt.Errorf("looking at the output: %w", err))
		}
		written := func(f File) bool { return f.Name == name && f.SHA256 == hash(data) }
		if !bytes.Equal(data, wanted) && !slices.ContainsFunc(there.Files, written) {
			foreign = append(foreign, name)
		}
	}
	slices.Sort(foreign)
	if len(foreign) > 0 && !o.Overwrite {
		return nil, fault.Request("output %q holds files that the overview did not write, or that have been changed since: %s; "+
			"name another folder, or overwrite",
			o.Output, strings.Join(foreign, ", "))
	}
	return there.Files, nil
}

// removeStale removes pictures of the overview before, if they are as it wrote them.
func removeStale(dir string, before []File, files map[string][]byte) error {
	for _, f := range before {
		local := filepath.FromSlash(f.Name)
		if _, needed := files[f.Name]; needed || !filepath.IsLocal(local) || !strings.HasPrefix(f.Name, picturesDir+"/") {
			continue
		}
		path := filepath.Join(dir, local)
		data, err := os.ReadFile(path)
		if err != nil || hash(data) != f.SHA256 {
			continue
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("removing what is not needed any more: %w", err)
		}
	}
	return nil
}
