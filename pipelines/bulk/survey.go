// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// strangers are files that are where coloured pictures belong and that the job
// has not written.
type strangers struct {
	count int64
	names []string // the first of them
}

// look notes whether there is a file of this name in the output.
func (s *strangers) look(root *os.Root, name string) (found bool, err error) {
	_, err = root.Lstat(filepath.FromSlash(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil && !errors.Is(err, syscall.ENOTDIR): // a file where a folder belongs
		return false, fmt.Errorf("looking at output %q: %w", name, err)
	}
	s.count++
	if len(s.names) < 3 {
		s.names = append(s.names, strconv.Quote(name))
	}
	return true, nil
}

func (s *strangers) refuse(l layout) error {
	if s.count == 0 {
		return nil
	}
	return fault.Request("output %q holds %d files that this job did not write, such as %s: use -overwrite to replace them",
		l.Output, s.count, strings.Join(s.names, ", "))
}

func noPictures(src source.Source) error {
	return fault.Request("input %q holds no pictures (.png, .jpg, .jpeg, .gif, .bmp, .tif, .tiff or .webp)", src.URI())
}

// errSeen ends a listing of which enough is known.
var errSeen = errors.New("enough is known of the input")

// survey refuses an input without pictures, and a new job in a folder that has
// files where its pictures belong or that a list or pattern may take for input,
// before anything is written: a request that is refused leaves no trace. Only in
// the latter cases is the whole input listed, once more than the plan needs,
// which is cheaper than a plan in memory.
func (d *driver) survey(ctx context.Context, src source.Source) (err error) {
	var root *os.Root // nil where nothing can be in the way
	if d.unclaimed() {
		root, err = os.OpenRoot(d.layout.Output)
		switch {
		case err == nil:
			defer func() { err = errors.Join(err, root.Close()) }()
		case !errors.Is(err, fs.ErrNotExist):
			return fault.Request("opening output: %w", err)
		}
	}
	var apart *fence
	if _, err := os.Lstat(d.layout.job()); err != nil {
		if apart, err = newFence(d.layout, d.options.Input); err != nil {
			return err
		}
	}
	pictures, found := 0, strangers{}
	err = src.List(ctx, func(r source.Ref) error {
		pictures++
		if err := apart.check(r); err != nil {
			return err
		}
		switch {
		case root == nil && apart == nil:
			return errSeen
		case root == nil:
			return nil
		}
		name, _, err := outputName(r.Member, d.job.Format)
		if err != nil {
			return nil //nolint:nilerr // the plan makes it a reject
		}
		_, err = found.look(root, name)
		return err
	})
	switch {
	case err != nil && !errors.Is(err, errSeen):
		return err
	case pictures == 0:
		return noPictures(src)
	}
	return found.refuse(d.layout)
}

// unclaimed reports whether the output may hold files that must stay: it is a
// folder that no job has claimed.
func (d *driver) unclaimed() bool {
	if d.layout.Archive || d.options.Overwrite {
		return false
	}
	_, err := os.Lstat(d.layout.job())
	return err != nil
}
