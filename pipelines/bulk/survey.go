// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// strangers are files that are where coloured pictures belong and that the job
// has not written.
type strangers struct {
	count int64
	names []string // the first of them
}

// add notes a file of this name in the output.
func (s *strangers) add(name string) {
	s.count++
	if len(s.names) < 3 {
		s.names = append(s.names, strconv.Quote(name))
	}
}

func (s *strangers) refuse(output string) error {
	if s.count == 0 {
		return nil
	}
	return fault.Request("output %q holds %d files that this job did not write, such as %s: use -overwrite to replace them",
		output, s.count, strings.Join(s.names, ", "))
}

func noPictures(src source.Source) error {
	return fault.Request(
		"input %q holds no pictures: files that are not hidden and end in .png, .jpg, .gif, .bmp, .tif, .webp or the like", src.URI())
}

// errSeen ends a listing of which enough is known.
var errSeen = errors.New("enough is known of the input")

// survey refuses an input without pictures, and a new job in a folder that has
// files where its pictures belong or that a list or pattern may take for input,
// before anything is written: a request that is refused leaves no trace. Only in
// the latter cases is the whole input listed, once more than the plan needs,
// which is cheaper than a plan in memory.
func (d *driver) survey(ctx context.Context) (err error) {
	if !d.layout.archive() {
		if d.shelf, err = d.openShelf(ctx); err != nil {
			return err
		}
	}
	var there shelf // nil where nothing can be in the way
	if d.unclaimed() && !d.options.Overwrite {
		there = d.shelf
	}
	var apart *fence
	if d.unclaimed() {
		if apart, err = newFence(d.layout, d.options.Input); err != nil {
			return err
		}
	}
	pictures, strange := 0, strangers{}
	err = d.src.List(ctx, func(r source.Ref) error {
		pictures++
		if err := apart.check(r); err != nil {
			return err
		}
		switch {
		case there == nil && apart == nil:
			return errSeen
		case there == nil:
			return nil
		}
		name, _, err := d.job.naming().output(r.Member)
		if err != nil {
			return nil //nolint:nilerr // the plan makes it a reject
		}
		f, err := there.find(name)
		if f.there {
			strange.add(name)
		}
		return err
	})
	switch {
	case err != nil && !errors.Is(err, errSeen):
		return err
	case pictures == 0 && d.options.Watch == 0:
		return noPictures(d.src)
	}
	return strange.refuse(d.layout.Output)
}

// openShelf looks at what the output folder holds; nil where there is none yet.
func (d *driver) openShelf(ctx context.Context) (shelf, error) {
	if d.layout.remote() {
		s, err := listShelf(ctx, d.layout.Output)
		return s, d.lasting(err)
	}
	root, err := os.OpenRoot(d.layout.Output)
	switch {
	case err == nil:
		return folderShelf{root}, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil //nolint:nilnil // there is nothing to look at
	}
	return nil, fault.Request("opening output: %w", err)
}

// unclaimed reports whether no job has claimed the output.
func (d *driver) unclaimed() bool { return d.record == (store.Info{}) }
