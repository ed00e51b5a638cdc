// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// outcome is how the job stands, from the ledger.
type outcome struct {
	summary Summary
	bytes   int64 // of the coloured pictures
	pixels  int64
	rejects []fault.Reject // sorted
	// shown are the pictures of the report by name.
	shown []line
}

// outcome reads the whole ledger, whose last line for each picture counts: for
// those that the last round listed, and those that came and went while the job
// was watching.
func (d *driver) outcome(ctx context.Context) (outcome, error) {
	rejects, shown := map[[16]byte]fault.Reject{}, map[string]line{}
	err := eachLine(ctx, d.st, 0, func(l line, _ int) error {
		key, err := rawKey(l.Key)
		if err != nil {
			return err
		}
		if !d.counts(key) {
			return nil
		}
		delete(rejects, key)
		if l.rejected() {
			rejects[key] = fault.Reject{Source: l.Source, Stage: l.Stage, Reason: l.Reason, Transient: l.Transient}
		}
		if _, found := slices.BinarySearch(d.plan.keys, l.Key); found {
			shown[l.Key] = l
		}
		return nil
	})
	if err != nil {
		return outcome{}, err
	}
	for key := range d.plan.listed {
		if _, found := d.known[key]; !found {
			return outcome{}, fmt.Errorf("reading the ledger: of %d pictures one at least has no line", d.plan.total())
		}
	}
	out := outcome{summary: d.summary()}
	for key, e := range d.known {
		if d.counts(key) {
			out.add(e, d.session)
		}
	}
	if d.layout.archive() {
		// The ledger is not told twice of a picture that was lost with its archive.
		out.summary.Skipped = d.plan.skipped
	}
	d.takeTime(&out.summary)
	for _, r := range rejects {
		out.rejects = append(out.rejects, r)
	}
	slices.SortFunc(out.rejects, func(a, b fault.Reject) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Reason, b.Reason))
	})
	for _, l := range shown {
		if l.written() {
			out.shown = append(out.shown, l)
		}
	}
	slices.SortFunc(out.shown, func(a, b line) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

// counts reports whether a picture is part of what the report is about.
func (d *driver) counts(key [16]byte) bool {
	if _, listed := d.plan.listed[key]; listed {
		return true
	}
	e, known := d.known[key]
	return known && int(e.run) >= d.session
}

// add counts a picture.
func (o *outcome) add(e entry, session int) {
	s := &o.summary
	s.Pictures++
	switch e.state {
	case stateDone:
		s.Colored++
		o.bytes += e.bytes
		o.pixels += int64(e.pixels)
		if int(e.run) < session {
			s.Skipped++
		}
	case stateRejected, stateTransient:
		s.Rejects++
	case stateLeft:
		s.Left++
	}
}

func (d *driver) summary() Summary {
	return Summary{
		Report: d.layout.at(reportHTMLFile), ReportJSON: d.layout.at(reportJSONFile), RejectsFile: d.layout.at(rejectsFile),
	}
}

// takeTime notes how long the job took.
func (d *driver) takeTime(s *Summary) {
	s.Seconds = time.Since(d.start).Round(time.Millisecond).Seconds()
	if fresh := s.Colored - s.Skipped; d.seconds > 0 && fresh > 0 {
		s.PicturesPerSecond = float64(int64(100*float64(fresh)/d.seconds)) / 100
	}
}

// shortHash is enough of a hash to compare by eye.
func shortHash(hash string) string {
	if _, err := hex.DecodeString(hash); err != nil || len(hash) < 12 {
		return hash
	}
	return hash[:12]
}
