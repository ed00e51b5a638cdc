// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// sealedName is the list of the plan files, beside them.
const sealedName = "sealed.json"

// Sealed is a complete plan.
type Sealed struct {
	Settings string `json:"settings"`
	// Files are sorted: train, val, test, rejects, and by name in each. One
	// without pictures only counts copies.
	Files []File `json:"files"`
}

// Transient returns the number of pictures that the plan lacks and that another
// try may be able to read.
func (s Sealed) Transient() int64 {
	var n int64
	for _, f := range s.Files {
		n += f.Transient
	}
	return n
}

// Seal publishes the list of a plan's files: from then on the plan is kept.
func Seal(ctx context.Context, st store.Store, dir string, s Sealed) error {
	order := func(f File) int { return slices.Index(splits[:], SplitOf(f.Name)) }
	slices.SortFunc(s.Files, func(a, b File) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.Name, b.Name))
	})
	_, err := st.Publish(ctx, sealedOf(dir), store.Anything(), func(w io.Writer) error {
		return WriteLines(w, []Sealed{s})
	})
	if err != nil {
		return fmt.Errorf("sealing plan: %w", err)
	}
	failpoint.Hit("prepare.plan.sealed")
	return nil
}

func sealedOf(dir string) string { return path.Join(dir, fileFolder, sealedName) }

// ReadSealed returns the sealed plan of these settings in a plan's folder. It
// reports false where there is none.
func ReadSealed(ctx context.Context, st store.Store, dir, settings string) (Sealed, bool, error) {
	s, err := readSealed(ctx, st, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Sealed{}, false, nil
	}
	return s, err == nil && s.Settings == settings, err
}

func readSealed(ctx context.Context, st store.Store, dir string) (Sealed, error) {
	data, err := st.ReadFile(ctx, sealedOf(dir))
	if err != nil {
		return Sealed{}, fmt.Errorf("reading plan: %w", err)
	}
	var s Sealed
	if err := json.Unmarshal(data, &s); err != nil {
		return Sealed{}, fmt.Errorf("reading plan %q: %w", sealedOf(dir), err)
	}
	return s, nil
}

// Remove removes a plan that is unfinished or to be made anew. Its runs stay.
func Remove(ctx context.Context, st store.Store, dir string) error {
	// The seal goes first: without it the rest counts for nothing.
	err := st.Remove(ctx, sealedOf(dir))
	if err == nil {
		err = st.RemoveAll(ctx, path.Join(dir, fileFolder))
	}
	if err == nil {
		err = st.Remove(ctx, nearOf(dir))
	}
	if err != nil {
		return fmt.Errorf("removing a plan: %w", err)
	}
	return nil
}

// RemoveRuns removes what a plan was made from. A plan that lacks pictures for
// a transient reason is made again from the same runs, so they are best kept
// until there is none.
func RemoveRuns(ctx context.Context, st store.Store, dir string) error {
	if err := st.RemoveAll(ctx, path.Join(dir, runFolder)); err != nil {
		return fmt.Errorf("removing a plan's runs: %w", err)
	}
	return nil
}

// CleanTemp removes what killed writers of a plan and its runs have left half written;
// see [store.CleanTemp].
func CleanTemp(ctx context.Context, st store.Store, dir string) error {
	for _, folder := range []string{dir, path.Join(dir, runFolder), path.Join(dir, fileFolder)} {
		if err := store.CleanTemp(ctx, st, folder, func(string) bool { return true }); err != nil {
			return fmt.Errorf("cleaning a plan up: %w", err)
		}
	}
	return nil
}
