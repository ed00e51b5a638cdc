// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// earlierParts are the parts of a data set that a plan extends, ready to be
// asked which pictures they hold.
type earlierParts []earlierPart

type earlierPart struct {
	Part

	files map[string]bool // names of its plan files
}

// openEarlier reads which plan files each part has.
func openEarlier(ctx context.Context, st store.Store, parts []Part) (earlierParts, error) {
	var list earlierParts
	for _, p := range parts {
		sealed, err := readSealed(ctx, st, p.Dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading plan %q, which this one extends: it is not sealed", p.Dir)
		}
		if err != nil {
			return nil, err
		}
		files := make(map[string]bool, len(sealed.Files))
		for _, f := range sealed.Files {
			files[f.Name] = f.Pictures > 0
		}
		list = append(list, earlierPart{p, files})
	}
	return list, nil
}

// known returns which of the entries of one split the parts hold. Only those plan
// files are read that might hold one, and nothing else of them is kept.
func (l earlierParts) known(ctx context.Context, st store.Store, split int, list []placed) (map[string]bool, error) {
	known := map[string]bool{}
	if split == rejectsSplit || len(l) == 0 {
		return known, nil
	}
	asked := make(map[string]bool, len(list))
	for _, e := range list {
		asked[e.SHA256] = true
	}
	for _, p := range l {
		last := ""
		for _, e := range list {
			name := fileName(split, p.Layout.shardAt(split, e.at))
			if name == last || !p.files[name] { // the list is sorted; no picture fell into a file that is not there
				continue
			}
			last = name
			for e, err := range Lines[Entry](ctx, st, fileOf(p.Dir, name)) {
				if err != nil {
					return nil, fmt.Errorf("reading plan %q: %w", name, err)
				}
				if asked[e.SHA256] {
					known[e.SHA256] = true
				}
			}
		}
	}
	return known, nil
}
