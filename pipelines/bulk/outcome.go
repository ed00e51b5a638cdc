// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
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

// outcome reads the whole ledger, whose last line for each picture of the
// input counts.
func (d *driver) outcome() (outcome, error) {
	last := book{}
	rejects, shown := map[[16]byte]fault.Reject{}, map[string]line{}
	err := d.layout.eachLine(func(l line) error {
		key, err := rawKey(l.Key)
		if err != nil {
			return err
		}
		if _, listed := d.plan.listed[key]; !listed {
			return nil // gone from the input since
		}
		delete(rejects, key)
		if l.rejected() {
			rejects[key] = fault.Reject{Source: l.Source, Stage: l.Stage, Reason: l.Reason, Transient: l.Transient}
		}
		if _, found := slices.BinarySearch(d.plan.keys, l.Key); found {
			shown[l.Key] = l
		}
		return last.add(l)
	})
	if err != nil {
		return outcome{}, err
	}
	if missing := d.plan.total() - int64(len(last)); missing > 0 {
		return outcome{}, fmt.Errorf("reading the ledger: %d of %d pictures have no line", missing, d.plan.total())
	}
	out := outcome{summary: d.summary(int64(len(last)), int64(len(rejects)))}
	for _, e := range last {
		if e.state == stateDone {
			out.bytes += e.bytes
			out.pixels += e.pixels
		}
	}
	for _, r := range rejects {
		out.rejects = append(out.rejects, r)
	}
	slices.SortFunc(out.rejects, func(a, b fault.Reject) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Reason, b.Reason))
	})
	for _, l := range shown {
		if !l.rejected() {
			out.shown = append(out.shown, l)
		}
	}
	slices.SortFunc(out.shown, func(a, b line) int { return strings.Compare(a.Key, b.Key) })
	return out, d.readTotals()
}

func (d *driver) summary(pictures, rejects int64) Summary {
	s := Summary{
		Pictures: pictures, Colored: pictures - rejects, Skipped: d.skipped, Rejects: rejects,
		Report: d.layout.reportHTML(), ReportJSON: d.layout.reportJSON(), RejectsFile: d.layout.rejects(),
		Seconds: time.Since(d.start).Round(time.Millisecond).Seconds(),
	}
	if fresh := s.Colored - s.Skipped; d.seconds > 0 && fresh > 0 {
		s.PicturesPerSecond = float64(int64(100*float64(fresh)/d.seconds)) / 100
	}
	return s
}

// readTotals reads what this run's pipeline counted.
func (d *driver) readTotals() error {
	if d.seconds == 0 {
		return nil // there was none
	}
	data, err := os.ReadFile(d.layout.state("totals.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, &d.totals)
	}
	if err != nil {
		return fmt.Errorf("reading the run's totals: %w", err)
	}
	return nil
}

// shortHash is enough of a hash to compare by eye.
func shortHash(hash string) string {
	if _, err := hex.DecodeString(hash); err != nil || len(hash) < 12 {
		return hash
	}
	return hash[:12]
}
