// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// listingLines is the number of references in a listing file, which is the
// unit that the first pass hands out.
const listingLines = 4096

// listing describes what the input held when it was listed.
type listing struct {
	Pictures int64 `json:"pictures"`
	Files    int   `json:"files"`
	// SHA256 is a hash over every reference: name, size and version.
	SHA256 string `json:"sha256"`
}

func listingName(n int) string { return fmt.Sprintf("listing-%05d.jsonl", n) }

// names returns the listing's files.
func (l listing) names() []string {
	names := make([]string, l.Files)
	for i := range names {
		names[i] = listingName(i)
	}
	return names
}

// list goes through the input's pictures that the preset takes. If dir is not
// empty it writes the listing files there.
func list(ctx context.Context, src source.Source, p Preset, dir string) (listing, error) {
	takes, err := p.selector(ctx, src)
	if err != nil {
		return listing{}, err
	}
	var l listing
	sum := sha256.New()
	var refs []source.Ref
	flush := func() error {
		l.Files++
		if dir != "" {
			if err := writeListing(dir, listingName(l.Files-1), refs); err != nil {
				return err
			}
		}
		refs = refs[:0]
		return nil
	}
	err = src.List(ctx, func(r source.Ref) error {
		if !takes(r) {
			return nil
		}
		r.URI = "" // the job knows it, and the listing must not depend on where the input lies
		if err := json.NewEncoder(sum).Encode(r); err != nil {
			return err
		}
		l.Pictures++
		refs = append(refs, r)
		if len(refs) == listingLines {
			return flush()
		}
		return nil
	})
	if err == nil && len(refs) > 0 {
		err = flush()
	}
	if err != nil {
		return listing{}, fmt.Errorf("listing the input: %w", err)
	}
	l.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return l, nil
}

func writeListing(dir, name string, refs []source.Ref) error {
	err := shard.Publish(dir, name, func(w io.Writer) error { return transforms.WriteLines(w, refs) })
	if err != nil {
		return err
	}
	failpoint.Hit("prepare.listing.written")
	return nil
}
