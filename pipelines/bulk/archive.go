// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// assemble joins parts, and the pictures of the finished archive that stay, to
// a new archive, sorted by name, so that the number of parts and runs leaves no
// trace.
func (d *driver) assemble(ctx context.Context, sp spec) error {
	m, err := d.openMerge(ctx, sp)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("%06d-%s", sp.Run, d.id)
	a := &assembly{d: d, next: nextPrefix + id + ".json", members: map[uint64]struct{}{}, record: archiveRecord{
		Model: sp.Model, Job: sp.Hash, Index: membersPrefix + id + ".jsonl",
	}}
	info, err := d.publishResult(ctx, d.archiveResult(), func(w io.Writer) error {
		return a.write(ctx, w, m)
	}, func() { failpoint.Hit(fpArchiveWritten) })
	if err = errors.Join(err, m.close()); err != nil {
		return err
	}
	failpoint.Hit(fpArchiveRenamed)
	if err := d.writeLines(ctx, sp); err != nil {
		return err
	}
	a.record.Version = info.Version
	d.archive, d.reusable, d.members = a.record, true, a.members
	return d.settleArchive(ctx)
}

// assembly is an archive that is being written.
type assembly struct {
	d      *driver
	next   string // the record's name until the archive has its own
	record archiveRecord
	// members are the tags of what it holds.
	members map[uint64]struct{}
}

// write writes the archive, and its index and record on the way.
func (a *assembly) write(ctx context.Context, w io.Writer, m *merge) error {
	h := sha256.New()
	out := &byteCounter{w: io.MultiWriter(w, h)}
	_, err := a.d.st.Publish(ctx, a.record.Index, store.Anything(), func(index io.Writer) error {
		return a.join(ctx, newPacker(a.d.layout.Kind, out), json.NewEncoder(index), m)
	})
	if err != nil {
		return err
	}
	a.fill(h, out.n)
	return a.d.recordArchive(ctx, a.next, a.record)
}

func (a *assembly) fill(h hash.Hash, size int64) {
	a.record.SHA256, a.record.Bytes = hex.EncodeToString(h.Sum(nil)), size
}

func (a *assembly) join(ctx context.Context, p packer, index *json.Encoder, m *merge) error {
	for {
		next, body, err := m.next()
		if errors.Is(err, io.EOF) {
			return p.finish()
		}
		if err != nil {
			return err
		}
		w, offset, err := p.next(next)
		if err == nil {
			_, err = io.CopyN(w, body, next.Size)
		}
		if err != nil {
			return fmt.Errorf("packing %q: %w", next.Name, err)
		}
		next.Offset = offset
		a.record.Members++
		a.members[next.tag()] = struct{}{}
		if err := errors.Join(index.Encode(next), ctx.Err()); err != nil {
			return err
		}
	}
}

// writeLines writes the lines of all parts into the ledger, except those that it
// has from a run that was killed after this.
func (d *driver) writeLines(ctx context.Context, sp spec) error {
	n := 0
	for part := range sp.Parts {
		r, ok, err := d.readPart(ctx, sp, part)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		lines := slices.DeleteFunc(r.Lines, func(l line) bool {
			key, err := rawKey(l.Key)
			e, known := d.known[key]
			return err == nil && known && e.same(entryOfLine(l, 0))
		})
		if len(lines) == 0 {
			continue
		}
		if err := writeSegment(ctx, d.st, sp.Claim, sp.Run, d.id, n, lines); err != nil {
			return err
		}
		n++
	}
	return nil
}

// readPart reads the record of a part that this run has made or found, false
// where no picture fell to it.
func (d *driver) readPart(ctx context.Context, sp spec, part int) (partRecord, bool, error) {
	r, err := readPart(ctx, d.st, sp.partName(partNumber(part)))
	if r.Run != sp.Run { // of other inputs, or none
		return partRecord{}, false, nil // a part that is damaged is missed in the end
	}
	return r, true, err
}

func partNumber(part int) string { return fmt.Sprintf("%05d", part) }

// dropParts removes all parts.
func (d *driver) dropParts(ctx context.Context) error {
	if err := d.st.RemoveAll(ctx, partsFolder); err != nil {
		return fmt.Errorf("removing parts: %w", err)
	}
	return nil
}
