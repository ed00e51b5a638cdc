// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// plain is a picture of one colour.
func plain(r, g, b uint8) *pixel.RGB {
	m := pixel.NewRGB(testSize, testSize)
	for i := 0; i < len(m.Pix); i += 3 {
		m.Pix[i], m.Pix[i+1], m.Pix[i+2] = r, g, b
	}
	return m
}

// pair makes a sample n whose gray picture is that of its colour picture.
func pair(tb testing.TB, n int, m *pixel.RGB) Sample {
	tb.Helper()
	s := sample(tb, n)
	s.Color, s.Gray = encode(tb, m), encode(tb, m.Luma())
	s.Meta.Source = string(rune('a'+n%26)) + ".png"
	return s
}

// splitOf is where a sample belongs.
func splitOf(tb testing.TB, s Sample) string {
	tb.Helper()
	sum, err := hex.DecodeString(s.Key)
	if err != nil {
		tb.Fatal(err)
	}
	return Split([32]byte(sum), testSeed, 25, 10)
}

// pairs writes a data set of the samples, 20 in a shard.
func pairs(tb testing.TB, dir string, list []Sample) Info {
	tb.Helper()
	slices.SortFunc(list, func(a, b Sample) int { return strings.Compare(a.Key, b.Key) })
	bySplit := map[string][]Sample{}
	for _, s := range list {
		split := splitOf(tb, s)
		bySplit[split] = append(bySplit[split], s)
	}
	var splits []SplitInfo
	for _, name := range []string{Train, Val, Test} {
		var stats []Stats
		for part := range slices.Chunk(bySplit[name], 20) {
			stats = append(stats, commit(tb, dir, Name(name, len(stats)), part))
		}
		splits = append(splits, NewSplitInfo(name, stats))
	}
	info := testInfo(splits...)
	if err := WriteInfo(tb.Context(), in(tb, dir), info); err != nil {
		tb.Fatal(err)
	}
	return info
}

func examine(tb testing.TB, dir string, o SurveyOptions) Report {
	tb.Helper()
	r, err := Examine(tb.Context(), in(tb, dir), o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestSurvey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	red, gray := plain(200, 40, 0), plain(100, 100, 100)
	var list []Sample
	reds := map[string]int{}
	bytes := int64(0)
	for n := range 60 {
		m := gray
		if n%3 == 0 {
			m = red
		}
		s := pair(t, n, m)
		if n%3 == 0 {
			reds[splitOf(t, s)]++
		}
		bytes += int64(len(s.Color) + len(s.Gray))
		list = append(list, s)
	}
	pairs(t, dir, list)
	r := examine(t, dir, SurveyOptions{Deep: true, Sheet: 5})
	if !r.OK() || r.Survey == nil || r.NearDuplicates != nil {
		t.Fatalf("problems %v, survey %v, near duplicates %v", r.Problems, r.Survey, r.NearDuplicates)
	}
	total := 0
	for _, s := range r.Survey.Splits {
		total += s.Samples
		if s.Samples != r.Splits[s.Name] || s.Colorless != s.Samples-reds[s.Name] {
			t.Errorf("split %s: %d samples, %d colourless, want %d and %d", s.Name, s.Samples, s.Colorless, r.Splits[s.Name], s.Samples-reds[s.Name])
		}
		if len(s.Sheet) != min(5, s.Samples) {
			t.Errorf("split %s: %d samples in the sheet, want %d", s.Name, len(s.Sheet), min(5, s.Samples))
		}
		if s.Samples > 0 && !slices.ContainsFunc(list, func(want Sample) bool { return cmp.Equal(want, s.Sheet[0]) }) {
			t.Errorf("split %s: its sheet holds a sample of its own making", s.Name)
		}
	}
	all := r.Survey.All
	if total != 60 || all.Samples != 60 || all.Bytes != bytes || all.Sheet != nil {
		t.Errorf("%d samples by split, %d in all with %d bytes and a sheet of %d, want 60, 60, %d and 0", total, all.Samples, all.Bytes, len(all.Sheet), bytes)
	}
	third := func(a, b float64) float64 { return (a + 2*b) / 3 }
	want := [3]float64{third(200, 100), third(40, 100), third(0, 100)}
	if diff := cmp.Diff(want, all.MeanColor, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("mean colour (-want +got):\n%s", diff)
	}
	if got, want := all.Mean(), (pixel.Color{133, 80, 67}); got != want {
		t.Errorf("mean colour %v, want %v", got, want)
	}
	if got, want := all.MeanColorfulness, pixel.Colorfulness(red)/3; got < want-1e-6 || got > want+1e-6 {
		t.Errorf("colourfulness %g, want %g", got, want)
	}
	// One pixel in three is red, whose luma is 83; the sources are 10 by 20.
	for name, tt := range map[string]struct {
		h     Histogram
		value float64
		want  int64
	}{
		"luma of gray": {all.Luma, 100, 40 * testSize * testSize}, "luma of red": {all.Luma, 83, 20 * testSize * testSize},
		"widths": {all.Widths, 10, 60}, "heights": {all.Heights, 20, 60}, "aspects": {all.Aspects, 0.5, 60},
		"colourless": {all.Colorfulness, 0, 40}, "colourful": {all.Colorfulness, pixel.Colorfulness(red), 20},
	} {
		probe := newHistogram(tt.h.Bounds)
		probe.Add(tt.value, 1)
		if got := tt.h.Counts[slices.Index(probe.Counts, 1)]; got != tt.want {
			t.Errorf("%s: the bin of %g counts %d, want %d", name, tt.value, got, tt.want)
		}
	}
	if got := all.SampleBytes.Total(); got != 60 {
		t.Errorf("the histogram of bytes counts %d samples, want 60", got)
	}
}

// noisy is a data set with pictures that differ.
func noisy(t *testing.T, dir string, n int) {
	t.Helper()
	var list []Sample
	for i := range n {
		m := pixel.NewRGB(testSize, testSize)
		for k := range m.Pix {
			m.Pix[k] = uint8(k*k*(i+3)>>3 + i*k)
		}
		list = append(list, pair(t, i, m))
	}
	pairs(t, dir, list)
}

func TestSurveyDependsNotOnWorkers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	noisy(t, dir, 90)
	o := SurveyOptions{Deep: true, Sheet: 7, NearDuplicates: true, NearDistance: MaxNearDistance, Workers: 1}
	want := examine(t, dir, o)
	again, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{0, 2, 8} {
		o.Workers = workers
		got := examine(t, dir, o)
		if diff := cmp.Diff(want.Survey, got.Survey, cmp.AllowUnexported(SplitSurvey{})); diff != "" {
			t.Errorf("%d workers: another survey (-one +many):\n%s", workers, diff)
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, again) {
			t.Errorf("%d workers: another report:\n%s\nwant\n%s", workers, text, again)
		}
	}
}

func TestHistogram(t *testing.T) {
	t.Parallel()
	h := newHistogram([]float64{0, 10, 20, 40})
	for _, v := range []float64{-5, 0, 9.99, 10, 39, 40, 1e9} {
		h.Add(v, 2)
	}
	if diff := cmp.Diff([]int64{6, 2, 6}, h.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if got := h.Total(); got != 14 {
		t.Errorf("total = %d, want 14", got)
	}
	for name, bounds := range map[string][]float64{"octaves": octaves(1, 16), "decades": decades(2, 8), "steps": steps(0, 4, 64)} {
		for i := range bounds[1:] {
			if bounds[i+1] <= bounds[i] {
				t.Errorf("%s do not ascend: %g after %g", name, bounds[i+1], bounds[i])
			}
		}
	}
	if diff := cmp.Diff([]float64{64, 91, 128, 181, 256}, octaves(6, 8)); diff != "" {
		t.Errorf("octaves (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{100, 150, 200, 300, 500, 700, 1000}, decades(2, 3)); diff != "" {
		t.Errorf("decades (-want +got):\n%s", diff)
	}
}

func TestSheetDependsNotOnOrder(t *testing.T) {
	t.Parallel()
	list := samples(t, 200)
	keys := func(seed uint64, list []Sample) (keys []string) {
		s := sheet{n: 10, seed: seed}
		for _, sample := range list {
			s.add(sample)
		}
		for _, sample := range s.samples() {
			keys = append(keys, sample.Key)
		}
		return keys
	}
	want := keys(1, list)
	backwards := slices.Clone(list)
	slices.Reverse(backwards)
	if diff := cmp.Diff(want, keys(1, backwards)); diff != "" || len(want) != 10 || !slices.IsSorted(want) {
		t.Errorf("the sheet has %d samples and depends on their order:\n%s", len(want), diff)
	}
	if cmp.Equal(want, keys(2, list)) {
		t.Error("another seed gives the same sheet")
	}
	worst := uint64(0)
	for _, key := range want {
		worst = max(worst, sheetHash(1, key))
	}
	for _, s := range list {
		if !slices.Contains(want, s.Key) && sheetHash(1, s.Key) < worst {
			t.Errorf("sample %s has a smaller hash and is not in the sheet", s.Key)
		}
	}
}
