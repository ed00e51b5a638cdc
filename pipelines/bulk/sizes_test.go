// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bytes"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/plan"
)

// TestRecordSizes holds the sizes that docs/scale.md computes with against what is
// written: of a picture in a plan file and in the ledger, and of a reject, under
// gs:// and with a name of 33 bytes.
func TestRecordSizes(t *testing.T) {
	t.Parallel()
	r, hash := refOf(12_345_678), strings.Repeat("5", 64)
	it := item{Ref: r, Key: keyOf(r, r.URI), Output: string(r.Member), Encoding: string(FormatJPEG)}
	colored := line{
		Key: it.Key, Source: string(r.Member), Version: versionOf(r), Model: hash, Settings: job{}.hash(),
		Output: it.Output, Bytes: 512_345, SHA256: hash, Width: 1600, Height: 1200, Generation: 1_700_000_000_000_000, Way: "kept",
	}
	reject := fault.Reject{Source: string(r.Member), Stage: fault.StageDecode, Reason: "truncated JPEG: unexpected EOF"}
	for _, tt := range []struct {
		name string
		size func(*bytes.Buffer) error
		want int
	}{
		{"plan", func(b *bytes.Buffer) error { return plan.WriteLines(b, []item{it}) }, 235},
		{"ledger", func(b *bytes.Buffer) error { return plan.WriteLines(b, []line{colored}) }, 436},
		{"reject", func(b *bytes.Buffer) error { return plan.WriteLines(b, []fault.Reject{reject}) }, 106},
	} {
		var b bytes.Buffer
		if err := tt.size(&b); err != nil {
			t.Fatal(err)
		}
		if b.Len() != tt.want {
			t.Errorf("a line of the %s has %d bytes, docs/scale.md says %d: %s", tt.name, b.Len(), tt.want, b.String())
		}
	}
}

// BenchmarkReadLedger reads lines as the driver does.
func BenchmarkReadLedger(b *testing.B) {
	r, hash := refOf(12_345_678), strings.Repeat("5", 64)
	lines := make([]line, 1000)
	for i := range lines {
		lines[i] = line{
			Key: keyOf(refOf(i), r.URI), Source: string(r.Member), Version: versionOf(r), Model: hash, Settings: job{}.hash(),
			Output: string(r.Member), Bytes: 512_345, SHA256: hash, Width: 1600, Height: 1200, Generation: 1_700_000_000_000_000, Way: "kept",
		}
	}
	var data bytes.Buffer
	if err := plan.WriteLines(&data, lines); err != nil {
		b.Fatal(err)
	}
	s := segment{name: "ledger/000001-x-000000.jsonl", data: data.Bytes()}
	for b.Loop() {
		known := book{}
		if err := s.each(known.add); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(lines)*b.N)/b.Elapsed().Seconds(), "lines/s")
}
