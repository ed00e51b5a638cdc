// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// listing describes what the input held when it was listed.
type listing struct {
	Pictures int64 `json:"pictures"`
	// SHA256 is a hash over every reference: name, size and version.
	SHA256 string `json:"sha256"`
}

// listingLines returns the number of references in the n-th listing file, which
// is the unit that the first pass hands out. The files grow, so that a small
// input is work for several and a large one does not end in ten thousands of
// files.
func listingLines(n int) int { return 4096 << min(n/32, 4) }

// digester makes a listing of the references that it sees.
type digester struct {
	listing

	sum hash.Hash
}

func newDigester() *digester { return &digester{sum: sha256.New()} }

// add returns a hash of the reference too.
func (d *digester) add(r source.Ref) ([sha256.Size]byte, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	d.Pictures++
	d.sum.Write(line)
	return sha256.Sum256(line), nil
}

func (d *digester) done() listing {
	d.SHA256 = hex.EncodeToString(d.sum.Sum(nil))
	return d.listing
}

// listed goes through the input and describes it.
func listed(ctx context.Context, src source.Source, o Options) (listing, error) {
	d := newDigester()
	err := selected(ctx, src, o, func(r source.Ref) error { _, err := d.add(r); return err })
	return d.done(), err
}

// recorder writes the listing files of a part.
type recorder struct {
	ctx context.Context //nolint:containedctx // it lives as long as one call of record
	st  store.Store
	dir string
	// begin is called before the first file is written.
	begin func() error
	// check is asked before each file whether the output is still the job's.
	check func(context.Context) error

	refs     []source.Ref
	files    int
	pictures int64
}

func (r *recorder) add(ref source.Ref) error {
	r.refs = append(r.refs, ref)
	r.pictures++
	if len(r.refs) < listingLines(r.files) {
		return nil
	}
	return r.flush()
}

func (r *recorder) flush() error {
	if len(r.refs) == 0 {
		return nil
	}
	if r.files == 0 {
		if err := r.begin(); err != nil {
			return err
		}
	}
	if err := r.check(r.ctx); err != nil {
		return err
	}
	name := transforms.ListingName(r.dir, r.files)
	_, err := r.st.Publish(r.ctx, name, store.Anything(), func(w io.Writer) error { return plan.WriteLines(w, r.refs) })
	if err != nil {
		return err
	}
	failpoint.Hit("prepare.listing.written")
	r.files++
	r.refs = r.refs[:0]
	return nil
}

// record lists the input and writes the references that are new into listing
// files. It returns a part without shards.
func record(ctx context.Context, src source.Source, o Options, r *recorder, isNew func([sha256.Size]byte) bool) (part, error) {
	r.ctx = ctx
	d := newDigester()
	err := selected(ctx, src, o, func(ref source.Ref) error {
		sum, err := d.add(ref)
		if err != nil || !isNew(sum) {
			return err
		}
		return r.add(ref)
	})
	if err == nil {
		err = r.flush()
	}
	return part{Dir: r.dir, Listing: d.done(), Pictures: r.pictures, Files: r.files}, err
}
