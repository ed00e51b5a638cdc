// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// damagedIDAT is a PNG whose checksums are right and whose pixels are not.
func damagedIDAT(tb testing.TB, data []byte) []byte {
	tb.Helper()
	out := bytes.Clone(data)
	at := bytes.Index(out, []byte("IDAT"))
	if at < 0 {
		tb.Fatal("no IDAT")
	}
	n := int(binary.BigEndian.Uint32(out[at-4:]))
	for i := range n {
		out[at+4+i] ^= 0x55
	}
	binary.BigEndian.PutUint32(out[at+4+n:], crc32.ChecksumIEEE(out[at:at+4+n]))
	return out
}

func TestExamineFinds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Sample)
		want   string
	}{
		{"one gray pixel", func(s *Sample) {
			m := plain(200, 40, 0).Luma()
			m.Pix[17] += 3
			s.Gray = encode(t, m)
		}, ".gray.png: 1 of 64 pixels are not the itu-r-601 of .color.png, by up to 3 levels"},
		{"other colour picture", func(s *Sample) { s.Color = encode(t, plain(0, 0, 0)) }, "64 of 64 pixels are not"},
		{"gray pixels", func(s *Sample) { s.Gray = damagedIDAT(t, s.Gray) }, ".gray.png: decode: damaged PNG"},
		{"colour pixels", func(s *Sample) { s.Color = damagedIDAT(t, s.Color) }, ".color.png: decode: damaged PNG"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var list []Sample
			for n := range 60 {
				list = append(list, pair(t, n, plain(200, 40, 0)))
			}
			pairs(t, dir, list)
			var key string
			recommit(t, dir, Name(Train, 1), func(list []Sample) []Sample {
				key = list[3].Key
				tt.change(&list[3])
				return list
			})
			if r := examine(t, dir, SurveyOptions{}); !r.OK() || r.Survey != nil {
				t.Errorf("without decoding: problems %v, survey %v", r.Problems, r.Survey)
			}
			r := examine(t, dir, SurveyOptions{Deep: true})
			if len(r.Problems) != 1 || r.Problems[0].Sample != key || !strings.Contains(r.Problems[0].String(), tt.want) {
				t.Errorf("problems %v, want one of sample %s with %q", r.Problems, key, tt.want)
			}
			if diff := cmp.Diff([]string{Name(Train, 1)}, r.Damaged()); diff != "" {
				t.Errorf("damaged shards (-want +got):\n%s", diff)
			}
			if got := r.Survey.All.Samples; got != 59 {
				t.Errorf("the survey covers %d samples, want the 59 good ones", got)
			}
		})
	}
}

// TestExamineOtherFormulas shows that pairs are measured by the data set's own
// formula, and that an unknown one is a problem and no panic.
func TestExamineOtherFormulas(t *testing.T) {
	t.Parallel()
	for formula, want := range map[string]string{FormulaLuma709: "", FormulaLightness: "", FormulaLuma601: "pixels are not", "other": "formula must be"} {
		dir := t.TempDir()
		m := plain(200, 40, 90)
		s := pair(t, 1, m)
		made := pixel.Formula(formula)
		if want != "" {
			made = pixel.Formula709
		}
		s.Gray, s.Meta.Formula = encode(t, m.Gray(made)), formula
		name := splitOf(t, s)
		info := testInfo(NewSplitInfo(name, []Stats{commit(t, dir, Name(name, 0), []Sample{s})}))
		info.Formula = formula
		if err := WriteInfo(t.Context(), in(t, dir), info); err != nil {
			t.Fatal(err)
		}
		r := examine(t, dir, SurveyOptions{Deep: true})
		if r.OK() != (want == "") || !r.OK() && !strings.Contains(r.Problems[0].Text, want) {
			t.Errorf("formula %q: problems %v, want %q", formula, r.Problems, want)
		}
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	first, last := Name(Train, 0), Name(Val, 0)
	remove := func(t *testing.T, dir, name string) {
		t.Helper()
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	flip := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	tests := []struct {
		name   string
		damage func(t *testing.T, dir string)
		want   []string
	}{
		{"nothing", func(*testing.T, string) {}, nil},
		{"shard missing", func(t *testing.T, dir string) { remove(t, dir, last) }, []string{last}},
		{"stats missing", func(t *testing.T, dir string) { remove(t, dir, StatsName(first)) }, []string{first}},
		{"two", func(t *testing.T, dir string) { edit(t, dir, last, flip); edit(t, dir, first, flip) }, []string{first, last}},
		{"stray", func(t *testing.T, dir string) { commit(t, dir, Name(Train, 77), nil) }, nil},
		{"rejects", func(t *testing.T, dir string) {
			if err := WriteRejects(t.Context(), in(t, dir), []fault.Reject{{Source: "x"}}); err != nil {
				t.Fatal(err)
			}
		}, nil},
		{"member missing", func(t *testing.T, dir string) {
			edit(t, dir, first, func([]byte) []byte { return rawTar(t, rawMember{name: "a.gray.png"}) })
		}, []string{first}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			dataset(t, dir, 60)
			tt.damage(t, dir)
			if diff := cmp.Diff(tt.want, examine(t, dir, SurveyOptions{}).Damaged()); diff != "" {
				t.Errorf("damaged shards (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDamagedIsNotTwice shows that a sample in two shards damages neither.
func TestDamagedIsNotTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := samples(t, 1)
	info := testInfo(NewSplitInfo(Train, []Stats{commit(t, dir, Name(Train, 0), list), commit(t, dir, Name(Train, 1), list)}))
	info.ValPercent, info.TestPercent = 0, 0
	if err := WriteInfo(t.Context(), in(t, dir), info); err != nil {
		t.Fatal(err)
	}
	if r := examine(t, dir, SurveyOptions{}); r.OK() || r.Damaged() != nil {
		t.Errorf("problems %v, damaged %v, want a problem and no damage", r.Problems, r.Damaged())
	}
}

func TestExamineRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dataset(t, dir, 3)
	tests := []struct {
		options SurveyOptions
		want    []string
	}{
		{SurveyOptions{NearDistance: -1}, []string{"near distance must be in [0, 10] bits, got -1"}},
		{SurveyOptions{Deep: true, NearDuplicates: true, NearDistance: 11}, []string{"got 11"}},
		{SurveyOptions{NearDuplicates: true}, []string{"need deep"}},
		{SurveyOptions{Sheet: 1}, []string{"need deep"}},
		{SurveyOptions{Deep: true, Sheet: MaxSheet + 1, Workers: -1}, []string{"sheet must be in [0, 1000] samples a split, got 1001", "workers must not be negative, got -1"}},
	}
	for _, tt := range tests {
		_, err := Examine(t.Context(), in(t, dir), tt.options)
		if !fault.IsRequest(err) {
			t.Fatalf("Examine(%+v) = %v, want a request error", tt.options, err)
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Examine(%+v) = %v, want %q", tt.options, err, want)
			}
		}
	}
	if _, err := Examine(t.Context(), in(t, t.TempDir()), SurveyOptions{Deep: true}); !fault.IsRequest(err) {
		t.Errorf("Examine of an empty folder = %v, want a request error", err)
	}
}

func TestExamineReportsProgress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	noisy(t, dir, 30)
	var seen []int64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := SurveyOptions{Deep: true, Progress: func(done, total int64) {
		if total != 30 {
			t.Errorf("progress says %d in all, want 30", total)
		}
		seen = append(seen, done)
	}}
	if _, err := Examine(ctx, in(t, dir), o); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 30 || !slices.IsSorted(seen) || seen[29] != 30 {
		t.Errorf("progress was %v, want 1 to 30", seen)
	}
	o.Progress = func(done, _ int64) {
		if done == 3 {
			cancel()
		}
	}
	if _, err := Examine(ctx, in(t, dir), o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Examine = %v", err)
	}
}
