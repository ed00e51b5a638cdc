// SPDX-License-Identifier: Apache-2.0

package train

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

func TestExtremes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		errors      []float64
		best, worst []int
	}{
		{"none", nil, nil, nil},
		{"few", []float64{3, 1, 2}, []int{1, 2, 0}, []int{0, 2, 1}},
		{"many", []float64{5, 1, 4, 2, 6, 3, 7}, []int{1, 3, 5, 2}, []int{6, 4, 0, 2}},
		{"all equal", []float64{2, 2, 2, 2, 2, 2}, []int{0, 1, 2, 3}, []int{0, 1, 2, 3}},
		{"equal at the edge", []float64{1, 2, 3, 4, 4, 1, 4}, []int{0, 5, 1, 2}, []int{3, 4, 6, 2}},
		{"equal pairs", []float64{2, 1, 2, 1, 2, 1}, []int{1, 3, 5, 0}, []int{0, 2, 4, 1}},
		{"zeros", []float64{0, 0, 1}, []int{0, 1, 2}, []int{2, 0, 1}},
	}
	for _, tt := range tests {
		best, worst := extremes{lowest: true}, extremes{}
		for i, l1 := range tt.errors {
			best.offer(i, l1, pixel.NewRGB(1, 1))
			worst.offer(i, l1, pixel.NewRGB(1, 1))
		}
		for _, side := range []struct {
			name string
			want []int
			got  extremes
		}{{"best", tt.best, best}, {"worst", tt.worst, worst}} {
			var got []int
			for _, one := range side.got.list {
				got = append(got, one.index)
				if one.l1 != tt.errors[one.index] || one.made == nil {
					t.Errorf("%s, %s: picture %d has error %g", tt.name, side.name, one.index, one.l1)
				}
			}
			if diff := cmp.Diff(side.want, got); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", tt.name, side.name, diff)
			}
		}
	}
}

// TestExtremesFiles compares what a run leaves with the scores of each picture.
func TestExtremesFiles(t *testing.T) {
	r := tinyRecipe()
	r.Epochs = 2
	data := dataset(t, r.Size, 4, 7)
	run := filepath.Join(t.TempDir(), "run")
	mustRun(t, Options{Recipe: r, Data: data, Output: run, Backend: goBackend(t)})
	e, err := Evaluate(t.Context(), EvaluateOptions{
		Model: run, Data: data, Split: shard.Val, Checkpoint: "last", Backend: goBackend(t), PerPicture: true,
	})
	must(t, err)
	slices.SortStableFunc(e.Items, func(a, b PictureScores) int {
		if a.Raw.L1 < b.Raw.L1 {
			return -1
		}
		return 1
	})
	var got extremesRecord
	must(t, readJSON(filepath.Join(run, samplesDir), extremesFile, &got))
	if got.Epoch != 2 || len(got.Best) != extremeCount || len(got.Worst) != extremeCount {
		t.Fatalf("extremes.json: %+v", got)
	}
	for i := range extremeCount {
		if best, worst := e.Items[i], e.Items[len(e.Items)-1-i]; got.Best[i].Key != best.Key || got.Worst[i].Key != worst.Key {
			t.Errorf("number %d is %+v and %+v, want %s and %s", i, got.Best[i], got.Worst[i], best.Key, worst.Key)
		}
	}
	p := openSplit(t, data, shard.Val)
	for file, list := range map[string][]extremeRecord{bestGrid: got.Best, worstGrid: got.Worst} {
		cells, err := readGrid(run, file, r.Size)
		must(t, err)
		for column, one := range list {
			at := slices.IndexFunc(slices.Collect(keys(p)), func(key string) bool { return key == one.Key })
			pair, err := p.pair(at)
			must(t, err)
			if !slices.Equal(cells[rowTrue][column].Pix, pair.color) {
				t.Errorf("%s shows another picture than %s in column %d", file, one.Key, column)
			}
		}
	}
}

// keys yields the names of a split's pictures.
func keys(p *pictures) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := range p.n {
			if !yield(p.reader.Key(i)) {
				return
			}
		}
	}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	twenty := make([]int, 20)
	for i := range twenty {
		twenty[i] = i + 1
	}
	hundred := []int{1, 6, 11, 16, 21, 27, 32, 37, 42, 47, 53, 58, 63, 68, 73, 79, 84, 89, 94, 100}
	for epochs, want := range map[int][]int{0: {}, 1: {1}, 2: {1, 2}, 20: twenty, 100: hundred} {
		if diff := cmp.Diff(want, moments(epochs)); diff != "" {
			t.Errorf("of %d epochs (-want +got):\n%s", epochs, diff)
		}
	}
	for epochs := 1; epochs < 300; epochs++ {
		got := moments(epochs)
		if got[0] != 1 || got[len(got)-1] != epochs || len(slices.Compact(slices.Clone(got))) != min(epochs, mostMoments) {
			t.Errorf("of %d epochs: %v", epochs, got)
		}
	}
}
