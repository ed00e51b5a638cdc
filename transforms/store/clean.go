// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CleanTemp removes from the folder dir of s ("" is the store itself) what
// killed runs of [Store.Publish] left there: files named NAME.NUMBER.tmp, for
// those names without folder of which ours says that the caller publishes
// them. Whatever else ends in ".tmp" is the user's. No other process may be
// publishing there.
//
// On gs:// there is nothing to do: an upload that was cut leaves no object.
func CleanTemp(ctx context.Context, s Store, dir string, ours func(name string) bool) error {
	root, ok := s.Local()
	if !ok {
		return nil
	}
	if err := errors.Join(ctx.Err(), checkDir(dir)); err != nil {
		return err
	}
	folder := filepath.Join(root, filepath.FromSlash(dir))
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for temporary files: %w", err)
	}
	for _, e := range entries {
		m := temporary.FindStringSubmatch(e.Name())
		if m == nil || !e.Type().IsRegular() || !ours(m[1]) {
			continue
		}
		if err := os.Remove(filepath.Join(folder, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing a temporary file: %w", err)
		}
	}
	return nil
}
