// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// fence keeps the output apart from what a list or a pattern leads to, which
// [layout.apart] cannot know: the pictures themselves must be looked at. It is
// nil where there is nothing to look at: the input is a folder or an archive.
type fence struct {
	output string // without symbolic links
	input  string
	remote bool // the output is under gs://
	list   bool
	base   string // the folder that relative entries belong to, or a pattern's

	// The last place that was found to be apart; pictures come sorted by place.
	uri, dir string
	entry    entryPlace
}

// entryPlace is where the pictures of an entry are.
type entryPlace struct {
	path  string // without symbolic links
	whole bool   // a folder or archive, none of whose pictures needs a look
}

func newFence(l layout, input string) (*fence, error) {
	if l.remote() {
		return newRemoteFence(l, input), nil
	}
	f := &fence{input: input}
	lower := strings.ToLower(input)
	info, err := os.Stat(input)
	f.list = strings.HasSuffix(lower, ".txt") || strings.HasSuffix(lower, ".jsonl")
	switch {
	case f.list && gcs.IsURL(input):
		f.base = input[:strings.LastIndexByte(input, '/')+1]
	case gcs.IsURL(input), err == nil && (info.IsDir() || !f.list):
		return nil, nil //nolint:nilnil // there is nothing to look at
	case f.list && err == nil:
		if f.base, err = filepath.Abs(filepath.Dir(input)); err != nil {
			return nil, fmt.Errorf("finding input %q: %w", input, err)
		}
	default:
		f.list = false
	}
	if f.output, err = realPath(l.Output); err != nil {
		return nil, fault.Request("finding output %q: %w", l.Output, err)
	}
	return f, nil
}

// check refuses a picture that the output may overwrite, and one that shows
// that the next run would colour the output's own pictures again.
func (f *fence) check(r source.Ref) error {
	switch {
	case f == nil:
		return nil
	case f.remote:
		return f.checkRemote(r)
	}
	uri := r.URI
	switch {
	case uri == f.input || uri == "":
		if f.list {
			return f.single(filepath.Join(f.base, string(r.Member)), gcs.IsURL(f.base))
		}
		uri = f.input
	case uri == "/":
		return f.single("/"+string(r.Member), false)
	case gcs.IsURL(uri), gcs.IsURL(f.base) && !filepath.IsAbs(uri):
		return nil
	}
	if uri != f.uri {
		place, err := f.place(uri)
		if err != nil {
			return err
		}
		f.uri, f.entry = uri, place
	}
	if f.entry.whole {
		return nil
	}
	return f.outside(filepath.Dir(filepath.Join(f.entry.path, filepath.FromSlash(string(r.Member)))))
}

// single looks at a picture that a list names by itself.
func (f *fence) single(name string, remote bool) error {
	dir := filepath.Dir(name)
	if remote || dir == f.dir {
		return nil
	}
	real, err := realPath(dir)
	if err != nil {
		return nil //nolint:nilerr // reading the picture will say what is wrong
	}
	if err := f.outside(real); err != nil {
		return err
	}
	f.dir = dir
	return nil
}

// outside refuses a folder with pictures of the input that is the output or
// lies in it.
func (f *fence) outside(dir string) error {
	if dir == f.output || inside(dir, f.output) {
		return fault.Request("input must not lie inside the output %q, got %q, where %q has pictures: they could be overwritten",
			f.output, dir, f.input)
	}
	return nil
}

// place finds an entry of a list, or the input as a pattern.
func (f *fence) place(uri string) (entryPlace, error) {
	path := filepath.FromSlash(uri)
	if f.list && !filepath.IsAbs(path) {
		path = filepath.Join(f.base, path)
	}
	info, err := os.Stat(path)
	pattern := err != nil
	for pattern && err != nil && path != filepath.Dir(path) { // up to the folder that a pattern begins with
		path = filepath.Dir(path)
		info, err = os.Stat(path)
	}
	real, err2 := realPath(path)
	if err != nil || err2 != nil {
		return entryPlace{whole: true}, nil //nolint:nilerr // reading its pictures will say what is wrong
	}
	// A pattern without ** does not reach into folders that it does not name.
	if info.IsDir() && (!pattern || strings.Contains(uri, "**")) && inside(f.output, real) {
		return entryPlace{}, fault.Request("output must not lie inside %q, from where %q takes pictures, got %q: "+
			"a second run would colour it again", real, f.input, f.output)
	}
	if pattern {
		return entryPlace{path: real}, nil //nolint:nilerr // the error was the pattern's own, which is no file
	}
	return entryPlace{path: real, whole: true}, f.outside(real)
}
