// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

func TestVerifyGood(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	info := dataset(t, dir, 100)
	r, err := Verify(t.Context(), in(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() || len(r.Problems) != 0 {
		t.Errorf("problems: %v", r.Problems)
	}
	shards, bytes := 0, int64(0)
	for _, s := range info.Splits {
		shards += len(s.Shards)
		bytes += s.Bytes
		if r.Splits[s.Name] != s.Samples {
			t.Errorf("split %s: %d samples, want %d", s.Name, r.Splits[s.Name], s.Samples)
		}
	}
	if r.Samples != 100 || r.Shards != shards || r.Bytes != bytes {
		t.Errorf("counts = %d samples, %d shards, %d bytes, want 100, %d, %d", r.Samples, r.Shards, r.Bytes, shards, bytes)
	}
}

// recommit replaces a shard by changed samples, with stats and description
// that agree with it, so that only the samples themselves are wrong.
func recommit(t *testing.T, dir, name string, change func([]Sample) []Sample) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var list []Sample
	r := NewReader(f)
	for {
		s, err := r.Next()
		if err != nil {
			break
		}
		list = append(list, s)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	stats := commit(t, dir, name, change(list))
	info, err := ReadInfo(t.Context(), in(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	for i, split := range info.Splits {
		var all []Stats
		for _, sh := range split.Shards {
			st := Stats{Shard: sh.Name, Samples: sh.Samples, Bytes: sh.Bytes, SHA256: sh.SHA256}
			if sh.Name == name {
				st = stats
			}
			all = append(all, st)
		}
		info.Splits[i] = NewSplitInfo(split.Name, all)
	}
	if err := WriteInfo(t.Context(), in(t, dir), info); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyFinds(t *testing.T) {
	t.Parallel()
	first := Name(Train, 0)
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	one := func(change func(*Sample)) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			recommit(t, dir, first, func(list []Sample) []Sample {
				change(&list[3])
				return list
			})
		}
	}
	tests := []struct {
		name   string
		damage func(t *testing.T, dir string)
		want   []string // parts of problems, all of which must be there
	}{
		{"flipped bit", func(t *testing.T, dir string) {
			edit(t, dir, first, func(b []byte) []byte { b[512+60] ^= 4; return b }) // inside the first picture's pixels
		}, []string{first + ": its SHA-256 is", "bad checksum of chunk"}},
		{"flipped bit in padding", func(t *testing.T, dir string) {
			edit(t, dir, first, func(b []byte) []byte { b[len(b)-1] ^= 4; return b })
		}, []string{first + ": its SHA-256 is"}},
		{"flipped bit in a header", func(t *testing.T, dir string) {
			edit(t, dir, first, func(b []byte) []byte { b[3] ^= 4; return b })
		}, []string{"invalid tar header", "its SHA-256 is", "it holds 0 whole samples"}},
		{"cut", func(t *testing.T, dir string) {
			edit(t, dir, first, func(b []byte) []byte { return b[:580] }) // inside the first picture
		}, []string{"unexpected EOF", "it has 580 bytes"}},
		{"missing member", func(t *testing.T, dir string) {
			var raw []rawMember
			for _, s := range samples(t, 2) {
				raw = append(raw, rawMember{name: s.Key + graySuffix, data: string(s.Gray)})
			}
			edit(t, dir, first, func([]byte) []byte { return rawTar(t, raw...) })
		}, []string{samples(t, 2)[0].Key + ": missing .color.png, .json", samples(t, 2)[1].Key + ": missing .color.png, .json"}},
		{"missing stats", remove(StatsName(first)), []string{StatsName(first) + ": it is missing"}},
		{"missing shard", remove(first), []string{first + ": it is missing"}},
		{"missing rejects", remove(RejectsName), nil},
		{"damaged stats", func(t *testing.T, dir string) {
			edit(t, dir, StatsName(first), func(b []byte) []byte { return b[:10] })
		}, []string{StatsName(first) + ": reading"}},
		{"other counts", func(t *testing.T, dir string) {
			edit(t, dir, StatsName(first), func(b []byte) []byte {
				return []byte(strings.Replace(string(b), `"samples": 20`, `"samples": 21`, 1))
			})
		}, []string{StatsName(first) + ": its counts or checksum differ"}},
		{"stray", func(t *testing.T, dir string) { commit(t, dir, Name(Train, 77), nil) },
			[]string{Name(Train, 77) + ": dataset_info.json does not list it", StatsName(Name(Train, 77)) + ": dataset_info.json does not list it"}},
		{"rejects", func(t *testing.T, dir string) {
			if err := WriteRejects(t.Context(), in(t, dir), []fault.Reject{{Source: "x"}}); err != nil {
				t.Fatal(err)
			}
		}, []string{"rejects.jsonl: it has 1 lines, dataset_info.json says 0"}},
		{"two splits", func(t *testing.T, dir string) {
			var moved Sample
			recommit(t, dir, Name(Val, 0), func(list []Sample) []Sample { moved = list[0]; return list })
			recommit(t, dir, first, func(list []Sample) []Sample {
				list = append(list, moved)
				slices.SortFunc(list, func(a, b Sample) int { return strings.Compare(a.Key, b.Key) })
				return list
			})
		}, []string{"it belongs to split val", "it is in split train too"}},
		{"swapped pictures", one(func(s *Sample) { s.Gray, s.Color = s.Color, s.Gray }),
			[]string{".gray.png: it must have bit depth 8 and colour type 0, got 8 and 2", ".color.png: it must have bit depth 8 and colour type 2, got 8 and 0"}},
		{"no picture", one(func(s *Sample) { s.Gray = []byte("hello") }), []string{".gray.png: it is no PNG"}},
		{"cut picture", one(func(s *Sample) { s.Color = s.Color[:len(s.Color)-12] }), []string{".color.png: it is truncated"}},
		{"long picture", one(func(s *Sample) { s.Color = append(s.Color, 0) }), []string{".color.png: 1 bytes follow its end"}},
		{"metadata", one(func(s *Sample) { s.Meta = Meta{SHA256: "xyz"} }), []string{
			"size must be the data set's 8, got 0", "width and height must be positive", "formula must be", "alpha must be", "sha256 must be 64"}},
		{"other picture's metadata", one(func(s *Sample) { s.Meta.SHA256 = strings.Repeat("00", 32) }), []string{"sha256 must be the key"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			dataset(t, dir, 60)
			tt.damage(t, dir)
			r, err := Verify(t.Context(), in(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			for _, p := range r.Problems {
				all.WriteString(p.String() + "\n")
			}
			for _, want := range tt.want {
				if !strings.Contains(all.String(), want) {
					t.Errorf("problems lack %q:\n%s", want, &all)
				}
			}
			if r.OK() != (tt.want == nil) {
				t.Errorf("OK = %v:\n%s", r.OK(), &all)
			}
		})
	}
}

// What a job with other settings makes passes, and its counts are checked.
func TestVerifySettings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, formula, alpha, background string
		rejects                          []fault.Reject
		filtered                         int
		want                             []string
	}{
		{name: "default", formula: FormulaLuma601, alpha: AlphaNone},
		{name: "709 on white", formula: FormulaLuma709, alpha: AlphaWhite, background: "white"},
		{name: "lightness on a colour", formula: FormulaLightness, alpha: "#a0b1c2", background: "#a0b1c2"},
		{name: "filtered", formula: FormulaLuma601, alpha: AlphaNone, filtered: 1,
			rejects: []fault.Reject{{Source: "a", Stage: fault.StageFilter, Reason: "gray"}, {Source: "b", Stage: fault.StageRead, Reason: "gone"}}},
		{name: "filtered elsewhere", formula: FormulaLuma601, alpha: AlphaNone, filtered: 1,
			rejects: []fault.Reject{{Source: "b", Stage: fault.StageRead, Reason: "gone"}},
			want:    []string{`rejects.jsonl: 0 of its lines have stage "filter", dataset_info.json says 1`}},
		{name: "unknown", formula: "average", alpha: "#A0B1C2", background: "none",
			want: []string{"formula must be", `alpha must be "none", "white" or #rrggbb, got "#A0B1C2"`, `background must be "white" or #rrggbb, got "none"`}},
		{name: "short colour", formula: FormulaLuma601, alpha: "#fff", want: []string{"alpha must be"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			list := samples(t, 2)
			for i := range list {
				list[i].Meta.Formula, list[i].Meta.Alpha = tt.formula, tt.alpha
			}
			info := testInfo(NewSplitInfo(Train, []Stats{commit(t, dir, Name(Train, 0), list)}))
			info.Formula, info.Background, info.ValPercent, info.TestPercent = tt.formula, tt.background, 0, 0
			info.Rejects, info.Filtered, info.NearDuplicates, info.Filter = len(tt.rejects), tt.filtered, 3, "box"
			if err := WriteRejects(t.Context(), in(t, dir), tt.rejects); err != nil {
				t.Fatal(err)
			}
			if err := WriteInfo(t.Context(), in(t, dir), info); err != nil {
				t.Fatal(err)
			}
			r, err := Verify(t.Context(), in(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			for _, p := range r.Problems {
				all.WriteString(p.String() + "\n")
			}
			for _, want := range tt.want {
				if !strings.Contains(all.String(), want) {
					t.Errorf("problems lack %q:\n%s", want, &all)
				}
			}
			if r.OK() != (tt.want == nil) {
				t.Errorf("OK = %v:\n%s", r.OK(), &all)
			}
		})
	}
}

func TestVerifyTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := samples(t, 1)
	train := NewSplitInfo(Train, []Stats{commit(t, dir, Name(Train, 0), list), commit(t, dir, Name(Train, 1), list)})
	info := testInfo(train)
	info.ValPercent, info.TestPercent = 0, 0
	if err := WriteInfo(t.Context(), in(t, dir), info); err != nil {
		t.Fatal(err)
	}
	r, err := Verify(t.Context(), in(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].String(), "it occurs twice") {
		t.Errorf("problems: %v", r.Problems)
	}
}

func TestVerifyErrors(t *testing.T) {
	t.Parallel()
	if _, err := Verify(t.Context(), in(t, t.TempDir())); !fault.IsRequest(err) {
		t.Errorf("Verify of an empty folder = %v, want a request error", err)
	}
	dir := t.TempDir()
	dataset(t, dir, 30)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Verify(ctx, in(t, dir)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Verify = %v", err)
	}
	edit(t, dir, InfoName, func(b []byte) []byte { return []byte(strings.Replace(string(b), `"size": 8`, `"size": -8`, 1)) })
	if _, err := Verify(t.Context(), in(t, dir)); err == nil || !strings.Contains(err.Error(), "size must be in [1, 32768], got -8") {
		t.Errorf("Verify with a bad description = %v", err)
	}
}
