// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/store"
)

func TestNames(t *testing.T) {
	t.Parallel()
	if got := Name("train", 12); got != "train-000012.tar" {
		t.Errorf("Name = %q", got)
	}
	if got := StatsName("train-000012.tar"); got != "train-000012_stats.json" {
		t.Errorf("StatsName = %q", got)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	const n = 20000
	count := map[string]int{}
	for i := range n {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		split := Split(sum, 1, 20, 10)
		count[split]++
		if again := Split(sum, 1, 20, 10); again != split {
			t.Fatal("Split is not a function")
		}
		if more := Split(sum, 1, 20, 30); split == Val && more != Val || split == Test && more != Test {
			t.Fatal("a larger test split moved a picture out of its split")
		}
		if more := Split(sum, 1, 40, 10); split == Val && more != Val || split == Test && more != Test {
			t.Fatal("a larger val split moved a picture out of its split")
		}
		if got := Split(sum, 1, 0, 0); got != Train {
			t.Fatalf("with 0 percent: %s", got)
		}
		if got := Split(sum, 1, 100, 0); got != Val {
			t.Fatalf("with 100 percent: %s", got)
		}
	}
	for split, want := range map[string]float64{Train: 0.7, Val: 0.2, Test: 0.1} {
		if got := float64(count[split]) / n; math.Abs(got-want) > 0.01 {
			t.Errorf("%s holds %.3f of all, want %.3f", split, got, want)
		}
	}
	// Golden: a data set's splits must survive every later version.
	var golden []string
	for i := range byte(8) {
		golden = append(golden, Split([32]byte{i}, uint64(i%2), 30, 30))
	}
	if diff := cmp.Diff([]string{Test, Test, Train, Train, Train, Val, Val, Val}, golden); diff != "" {
		t.Errorf("splits changed (-want +got):\n%s", diff)
	}
}

func TestStatsRoundTrip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := Stats{Shard: Name(Val, 3), Samples: 2, Bytes: 5, SHA256: strings.Repeat("ab", 32), Settings: "s", Filtered: 1, Rejects: []fault.Reject{
		{Source: "<x>.png", Stage: fault.StageDecode, Reason: "empty file"}, {Source: "y", Stage: fault.StageFilter, Reason: "it is gray"}}}
	if err := WriteStats(t.Context(), in(t, dir), want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadStats(t.Context(), in(t, dir), want.Shard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadStats (-want +got):\n%s", diff)
	}
	if _, err := ReadStats(t.Context(), in(t, dir), Name(Val, 4)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing stats: %v", err)
	}
	if err := os.Rename(filepath.Join(dir, StatsName(want.Shard)), filepath.Join(dir, StatsName(Name(Val, 4)))); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadStats(t.Context(), in(t, dir), Name(Val, 4)); err == nil {
		t.Error("another shard's stats were accepted")
	}
	if _, err := PublishStats(t.Context(), in(t, dir), store.Absent(), want); err != nil { // it was moved away above
		t.Error(err)
	}
	want.Samples++
	if _, err := PublishStats(t.Context(), in(t, dir), store.Absent(), want); !errors.Is(err, store.ErrConflict) {
		t.Errorf("PublishStats over others = %v, want a conflict", err)
	}
	bad := Stats{Shard: "../x.tar", Samples: -1, SHA256: "zz", Filtered: 1}
	err = WriteStats(t.Context(), in(t, dir), bad)
	for _, want := range []string{"shard's name must look like", "must not be negative", "filtered must be in [0, 0]", "64 hexadecimal digits"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("WriteStats(bad) = %v, want %q", err, want)
		}
	}
}

func TestRejectsRoundTrip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := []fault.Reject{{Source: "a\nb.png", Stage: fault.StageRead, Reason: "x", Transient: true}, {Source: "b", Stage: fault.StageDecode, Reason: "y"}}
	if err := WriteRejects(t.Context(), in(t, dir), want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRejects(t.Context(), in(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadRejects (-want +got):\n%s", diff)
	}
	edit(t, dir, RejectsName, func(b []byte) []byte { return append(b, "{oops\n"...) })
	if _, err := ReadRejects(t.Context(), in(t, dir)); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("ReadRejects of a damaged file = %v", err)
	}
}

func TestInfoValidate(t *testing.T) {
	t.Parallel()
	shard := func(name string, n int) Stats {
		return Stats{Shard: name, Samples: n, Bytes: 10, SHA256: strings.Repeat("00", 32)}
	}
	good := func() Info {
		i := testInfo(NewSplitInfo(Train, []Stats{shard(Name(Train, 0), 3), shard(Name(Train, 1), 2)}), NewSplitInfo(Val, nil))
		i.FormatVersion, i.ManifestSHA256 = FormatVersion, i.Manifest()
		return i
	}
	tests := []struct {
		name   string
		change func(*Info)
		want   string
	}{
		{"good", func(*Info) {}, ""},
		{"version", func(i *Info) { i.FormatVersion = 9 }, "format_version must be 1, got 9"},
		{"size", func(i *Info) { i.Size = 0 }, "size must be in [1, 32768], got 0"},
		{"sum", func(i *Info) { i.Splits[0].Samples++ }, `split "train": samples and bytes must be its shards' sums, 5 and 20, got 6 and 20`},
		{"path", func(i *Info) { i.Splits[0].Shards[0].Name = "../../etc/passwd" }, "a shard's name must look like"},
		{"twice", func(i *Info) { i.Splits[0].Shards[1].Name = i.Splits[0].Shards[0].Name }, "is listed twice"},
		{"split twice", func(i *Info) { i.Splits[1].Name = Train }, `split "train" is listed twice`},
		{"counts", func(i *Info) { i.NearDuplicates = -1 }, "must not be negative"},
		{"filtered", func(i *Info) { i.Rejects, i.Filtered = 2, 3 }, "filtered must be in [0, 2], the number of rejects, got 3"},
		{"hash", func(i *Info) { i.Splits[0].Shards[0].SHA256 = strings.Repeat("11", 32) }, "manifest_sha256 must be the hash"},
	}
	for _, tt := range tests {
		i := good()
		tt.change(&i)
		err := i.Validate()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: Validate = %v, want %q", tt.name, err, tt.want)
		}
	}
	if n := good().Samples(); n != 5 {
		t.Errorf("Samples = %d, want 5", n)
	}
	if _, ok := good().Split("none"); ok {
		t.Error("Split found a split that is not there")
	}
}

// Whatever the bytes are, parsing ends, and what is accepted survives a round
// trip.
func FuzzParse(f *testing.F) {
	info := testInfo(NewSplitInfo(Train, []Stats{{Shard: Name(Train, 0), Samples: 1, Bytes: 1, SHA256: strings.Repeat("00", 32)}}))
	info.FormatVersion, info.ManifestSHA256 = FormatVersion, info.Manifest()
	for _, v := range []any{info, Stats{Shard: Name(Train, 0), SHA256: strings.Repeat("00", 32)}} {
		data, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if i, err := ParseInfo(data); err == nil {
			again, err := json.Marshal(i)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ParseInfo(again); err != nil {
				t.Errorf("info does not survive: %v", err)
			}
		}
		if s, err := ParseStats(data); err == nil && filepath.Base(s.Shard) != s.Shard {
			t.Errorf("accepted the shard name %q", s.Shard)
		}
	})
}
