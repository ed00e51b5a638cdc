// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"syscall"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// failing is a store in which one file cannot be read, from some byte on.
type failing struct {
	store.Store

	name  string // "" is the list
	after int64
	err   error
}

func (f failing) List(ctx context.Context, dir string) ([]store.Info, error) {
	if f.name == "" {
		return nil, f.err
	}
	return f.Store.List(ctx, dir)
}

func (f failing) ReadFile(ctx context.Context, name string) ([]byte, error) {
	if name == f.name {
		return nil, f.err
	}
	return f.Store.ReadFile(ctx, name)
}

func (f failing) Stream(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := f.Store.Stream(ctx, name)
	if err != nil || name != f.name {
		return r, err
	}
	if f.after < 0 {
		return nil, errors.Join(f.err, r.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(r, f.after), broken{f.err}), r}, nil
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// What could not be read is not damaged: a repair would make it anew.
func TestVerifyUnread(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	info := dataset(t, dir, 100)
	first := info.Splits[0].Shards[0]
	for _, cause := range []error{
		syscall.EIO, syscall.EMFILE, fs.ErrPermission, io.ErrUnexpectedEOF, context.DeadlineExceeded, gcs.ErrDenied, gcs.ErrChanged,
	} {
		for _, f := range []failing{
			{name: first.Name, after: -1}, {name: first.Name}, {name: first.Name, after: 700}, {name: first.Name, after: first.Bytes - 10},
			{name: StatsName(first.Name)}, {name: RejectsName, after: -1}, {name: RejectsName}, {name: ""},
		} {
			f.Store, f.err = in(t, dir), fmt.Errorf("reading: %w", cause)
			r, err := Verify(t.Context(), f)
			if !errors.Is(err, cause) || !r.OK() || len(r.Damaged()) > 0 {
				t.Errorf("%q from byte %d: %v is %v, problems %v", f.name, f.after, cause, err, r.Problems)
			}
		}
	}
	for _, name := range []string{first.Name, StatsName(first.Name)} {
		for _, cause := range []error{fs.ErrNotExist, store.ErrTooLarge} {
			r, err := Verify(t.Context(), failing{Store: in(t, dir), name: name, after: 700, err: cause})
			if err != nil || !slices.Equal(r.Damaged(), []string{first.Name}) {
				t.Errorf("%s: %v is %v, damaged %q", name, cause, err, r.Damaged())
			}
		}
	}
}

func TestVerifyUnreadRemote(t *testing.T) {
	t.Setenv("CHROMABEAM_GCS_RETRY_MAX", "2")
	dir := t.TempDir()
	dataset(t, dir, 60)
	for _, kind := range []gcstest.Kind{gcstest.Denied, gcstest.Unavailable} {
		for _, name := range []string{Name(Train, 0), StatsName(Name(Train, 0)), RejectsName} {
			s := gcstest.Start(t)
			st, err := store.Open(upload(t, s, dir))
			if err != nil {
				t.Fatal(err)
			}
			s.Inject(gcstest.Fault{Op: gcstest.OpRead, Object: "sets/a #1/" + name, Kind: kind, Times: 2})
			r, err := Verify(t.Context(), st)
			if err == nil || !r.OK() || errors.Is(err, gcs.ErrDenied) != (kind == gcstest.Denied) {
				t.Errorf("%s: %s: %v, problems %v", kind, name, err, r.Problems)
			}
		}
	}
}
