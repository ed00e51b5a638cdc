// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// writeSet writes a data set of n pictures of 8 by 8 pixels, each of one colour,
// of which repeats pictures repeat the first ones.
func writeSet(t *testing.T, n, repeats int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	bySplit := map[string][]shard.Sample{}
	for i := range n {
		m := pixel.NewRGB(8, 8)
		for k := range m.Pix {
			m.Pix[k] = uint8((i%(n-repeats))*7 + k%3*60)
		}
		var colour, gray bytes.Buffer
		if err := pixel.EncodePNG(&colour, m); err != nil {
			t.Fatal(err)
		}
		if err := pixel.EncodePNG(&gray, m.Luma()); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte{byte(i)})
		split, key := shard.Split(sum, 1, 30, 0), hex.EncodeToString(sum[:])
		bySplit[split] = append(bySplit[split], shard.Sample{Key: key, Color: colour.Bytes(), Gray: gray.Bytes(), Meta: shard.Meta{
			Source: fmt.Sprintf("%02d <b>.png", i), SHA256: key, Width: 30, Height: 20, Size: 8, Formula: shard.FormulaLuma601, Alpha: shard.AlphaNone,
		}})
	}
	var splits []shard.SplitInfo
	for _, split := range []string{shard.Train, shard.Val} {
		list := bySplit[split]
		slices.SortFunc(list, func(a, b shard.Sample) int { return cmp.Compare(a.Key, b.Key) })
		var stats shard.Stats
		err := store.PublishFile(dir, shard.Name(split, 0), func(w io.Writer) (err error) {
			sw := shard.NewWriter(w)
			for _, s := range list {
				if err := sw.Add(s); err != nil {
					return err
				}
			}
			stats, err = sw.Close()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		stats.Shard = shard.Name(split, 0)
		if err := shard.WriteStats(t.Context(), st, stats); err != nil {
			t.Fatal(err)
		}
		splits = append(splits, shard.NewSplitInfo(split, []shard.Stats{stats}))
	}
	if err := shard.WriteInfo(t.Context(), st, shard.Info{Size: 8, Fit: "crop", Formula: shard.FormulaLuma601, Seed: 1, ValPercent: 30, Splits: splits}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestInspect(t *testing.T) {
	t.Parallel()
	dir, page := writeSet(t, 24, 0), filepath.Join(t.TempDir(), "page.html")
	tests := []struct {
		name   string
		flags  []string
		want   []string
		absent []string
	}{
		{"plain", nil, []string{"pictures=24 ", "shards=2 ", "problems=0 ", "manifest=", "damaged_shards=0 ", "duplicates=0"}, []string{"mean_color", "near_duplicates", "page="}},
		{"deep", []string{"-deep"}, []string{"mean_color=#", "colorfulness=", "colorless=0"}, []string{"near_duplicates", "page="}},
		// Pictures of one colour look the same to a perceptual hash.
		{"near duplicates", []string{"-near-duplicates", "1"}, []string{"near_duplicates=", "mean_color=#"}, []string{"near_duplicates=0"}},
		{"page", []string{"-html", page}, []string{"mean_color=#", "page=" + page}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := mustRun(t, exitDone, append([]string{"inspect", dir}, tt.flags...)...)
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q lacks %q", out, want)
				}
			}
			for _, absent := range tt.absent {
				if strings.Contains(out, absent) {
					t.Errorf("%q holds %q", out, absent)
				}
			}
		})
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Contact sheet: train", "Contact sheet: val", "Histograms", "&lt;b&gt;.png", "24 pairs of 8 x 8 pixels"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestInspectDamaged(t *testing.T) {
	t.Parallel()
	dir, page := writeSet(t, 24, 0), filepath.Join(t.TempDir(), "page.html")
	if err := os.Remove(filepath.Join(dir, shard.StatsName(shard.Name(shard.Val, 0)))); err != nil {
		t.Fatal(err)
	}
	code, out, errs := chromabeam(t, "inspect", dir, "-html", page)
	if code != exitFailed || !strings.Contains(out, "problems=1 ") || !strings.Contains(out, "damaged_shards=1 ") ||
		!strings.Contains(errs, "val-000000_stats.json: it is missing") {
		t.Errorf("exit code %d, printed %q and %q", code, out, errs)
	}
	if text, err := os.ReadFile(page); err != nil || !bytes.Contains(text, []byte("1 problem found; damaged shards: 1.")) {
		t.Errorf("the page says nothing of the problem: %v", err)
	}
}

// TestInspectDuplicates shows that duplicates are named and are no failure.
func TestInspectDuplicates(t *testing.T) {
	t.Parallel()
	dir := writeSet(t, 24, 12)
	code, out, errs := chromabeam(t, "inspect", dir, "-json", "-deep")
	var r shard.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if code != exitDone || r.Duplicates.Count == 0 || r.Survey == nil || r.Survey.All.Samples != 24 || r.NearDuplicates != nil {
		t.Errorf("exit code %d, %d duplicates, survey %v", code, r.Duplicates.Count, r.Survey)
	}
	if got := strings.Count(errs, "the same picture as"); got != r.Duplicates.Count {
		t.Errorf("%d duplicates are named, want %d:\n%s", got, r.Duplicates.Count, errs)
	}
}

func TestInspectRefuses(t *testing.T) {
	t.Parallel()
	dir := writeSet(t, 3, 0)
	for want, args := range map[string][]string{
		"or 0 to look for none, got 11": {"-near-duplicates", "11"},
		"or 0 to look for none, got -1": {"-near-duplicates", "-1"},
		"the folder of -html":           {"-html", filepath.Join(dir, "none", "x.html")},
	} {
		code, out, errs := chromabeam(t, append([]string{"inspect", dir}, args...)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("inspect %v: exit code %d, printed %q and %q", args, code, out, errs)
		}
	}
}
