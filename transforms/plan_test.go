// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/source"
)

func TestBuckets(t *testing.T) {
	t.Parallel()
	b := Buckets{Seed: 3, ValPercent: 20, TestPercent: 10, Train: 4, Val: 2, Test: 1}
	const n = 20_000
	got := map[string]int{}
	for i := range n {
		got[bucketName(b.Of(sha256.Sum256(fmt.Append(nil, i))))]++
	}
	want := map[string]float64{"val-000000": 0.1, "val-000001": 0.1, "test-000000": 0.1}
	for i := range 4 {
		want[fmt.Sprintf("train-%06d", i)] = 0.7 / 4
	}
	if len(got) != len(want) {
		t.Errorf("buckets %v", got)
	}
	for name, share := range want {
		// Six standard deviations of a binomial: fails once in 10^8 seeds.
		if d := float64(got[name]) - n*share; d*d > 36*n*share*(1-share) {
			t.Errorf("%s has %d of %d, want about %.0f", name, got[name], n, n*share)
		}
	}
}

func TestDropCopies(t *testing.T) {
	t.Parallel()
	entry := func(name, hash string) Entry { return Entry{Ref: source.Ref{Member: []byte(name)}, SHA256: hash} }
	reject := func(name string) Entry {
		return Entry{Ref: source.Ref{Member: []byte(name)}, Reject: &fault.Reject{Source: name}}
	}
	tests := []struct {
		name       string
		in, want   []Entry
		duplicates int64
	}{
		{"none", nil, nil, 0},
		{"smallest name wins", []Entry{entry("b", "2"), entry("c", "1"), entry("a", "2"), entry("d", "2")},
			[]Entry{entry("c", "1"), entry("a", "2")}, 2},
		{"rejects are no copies", []Entry{reject("b"), reject("a")}, []Entry{reject("a"), reject("b")}, 0},
	}
	for _, tt := range tests {
		got, duplicates := dropCopies(tt.in)
		if diff := cmp.Diff(tt.want, got); diff != "" || duplicates != tt.duplicates {
			t.Errorf("%s: %d duplicates, entries (-want +got):\n%s", tt.name, duplicates, diff)
		}
	}
}

// TestLines checks that names of any bytes survive the files.
func TestLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lines.jsonl")
	want := []Entry{
		{Ref: source.Ref{Member: []byte("<a & b>.png"), Size: 7, Version: "v"}, SHA256: "00"},
		{Ref: source.Ref{Member: []byte("latin\xe9\n.png"), Offset: 1 << 40}, Reject: &fault.Reject{Source: "x", Reason: "y"}},
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteLines(f, want); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := ReadLines[Entry](path)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, entries (-want +got):\n%s", err, diff)
	}
	if err := os.WriteFile(path, []byte("{}\n{}\n{\"size\":"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadLines[Entry](path); err == nil || !strings.Contains(err.Error(), "reading line 3 of") {
		t.Errorf("ReadLines of a cut file = %v", err)
	}
}

func FuzzReadPlan(f *testing.F) {
	f.Add([]byte(`{"member":"YQ==","size":1,"sha256":"00"}` + "\n"))
	f.Add([]byte(`{"member":null,"reject":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, planFolder), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, planFolder, "train-000000.jsonl"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPlan(dir, "train-000000"); err != nil && !strings.Contains(err.Error(), `reading plan "train-000000"`) {
			t.Errorf("ReadPlan = %v", err)
		}
	})
}
