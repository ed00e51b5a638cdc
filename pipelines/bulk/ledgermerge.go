// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"fmt"
	"io"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// Where the ledger has manySegments small ones, as after a long watch, they are
// merged into ones of up to some mergedLines lines. One of fullSegment bytes is
// left as it is.
const (
	manySegments = 500
	mergedLines  = 10_000
	fullSegment  = 128 << 10
)

// mergeSegments merges small segments of the runs from one on, where there are
// many. A merged one has the run of its last part, and so it does not matter
// where a run is killed: whichever of its parts are left, the last line of each
// picture stays the last.
func (d *driver) mergeSegments(ctx context.Context, from int) error {
	infos, err := listSegments(ctx, d.st, from)
	if err != nil {
		return fmt.Errorf("listing the ledger: %w", err)
	}
	small := 0
	for _, i := range infos {
		if i.Size < fullSegment {
			small++
		}
	}
	if small < d.manySegments {
		return nil
	}
	m := &segmentMerge{d: d}
	for _, i := range infos {
		if i.Size >= fullSegment { // its lines stay between those before and after it
			if err := m.flush(ctx); err != nil {
				return err
			}
			continue
		}
		if err := eachLineOf(ctx, d.st, []store.Info{i}, m.add); err != nil {
			return err
		}
		m.parts = append(m.parts, i.Name)
		if len(m.lines) >= mergedLines {
			if err := m.flush(ctx); err != nil {
				return err
			}
		}
	}
	return m.flush(ctx)
}

// segmentMerge is a segment that is being put together.
type segmentMerge struct {
	d     *driver
	parts []string
	lines []line
	last  map[string]int // index of a picture's last line
}

// add drops the line that another takes the place of. What was written stays
// known when its picture is rejected later: the name is the job's.
func (m *segmentMerge) add(l line, _ int) error {
	if m.last == nil {
		m.last = map[string]int{}
	}
	if i, found := m.last[l.Key]; found && (l.written() || !m.lines[i].written()) {
		m.lines[i] = l
		return nil
	}
	m.last[l.Key] = len(m.lines)
	m.lines = append(m.lines, l)
	return nil
}

// flush publishes the segment and then removes its parts.
func (m *segmentMerge) flush(ctx context.Context) error {
	parts, lines, d := m.parts, m.lines, m.d
	m.parts, m.lines, m.last = nil, nil, nil
	if len(parts) < 2 {
		return nil
	}
	if err := d.rights().Check(ctx, d.st); err != nil {
		return err
	}
	name := fmt.Sprintf("%s/%06d-%s-merged.jsonl", ledgerFolder, runOf(parts[len(parts)-1]), randomID())
	_, err := d.st.Publish(ctx, name, store.Absent(), func(w io.Writer) error { return plan.WriteLines(w, lines) })
	if err == nil {
		failpoint.Hit(fpSegmentsMerged)
		err = d.rights().Check(ctx, d.st)
	}
	if err == nil {
		err = d.st.Remove(ctx, parts...)
	}
	if err != nil {
		return fmt.Errorf("merging segments of the ledger: %w", err)
	}
	return nil
}
