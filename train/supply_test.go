// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
)

// TestFeedsAgree trains with the pictures on the device and with each batch read
// when it is due.
func TestFeedsAgree(t *testing.T) {
	data := dataset(t, 24, 5, 2)
	for _, flip := range []bool{false, true} {
		t.Run(fmt.Sprintf("flip=%v", flip), func(t *testing.T) {
			r := tinyGAN()
			r.Flip = flip
			base := t.TempDir()
			train := func(mode FeedMode) string {
				run := filepath.Join(base, string(mode))
				mustRun(t, Options{Recipe: r, Data: data, Output: run, Backend: goBackend(t), Feed: mode})
				return run
			}
			compareRuns(t, train(FeedDevice), train(FeedStream))
		})
	}
}

func TestSupplyChoice(t *testing.T) {
	t.Parallel()
	const count, size = 5, 16
	p := openTrain(t, dataset(t, size, count, 0), 0)
	const need = 4 * count * size * size
	tests := []struct {
		mode FeedMode
		most int64
		want string
	}{
		{FeedAuto, need, "*train.resident"}, {FeedAuto, need - 1, "train.streamed"},
		{"", need, "*train.resident"}, {"", need - 1, "train.streamed"},
		{FeedDevice, 0, "*train.resident"}, {FeedStream, 1 << 40, "train.streamed"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%q/%d", tt.mode, tt.most), func(t *testing.T) {
			s, err := newSupply(p, goBackend(t), tt.mode, tt.most)
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			if got := fmt.Sprintf("%T", s); got != tt.want {
				t.Errorf("the feed is %s, want %s", got, tt.want)
			}
		})
	}
}

// TestParts looks at what a step's graph sees: the pictures that were drawn, in
// [-1, 1], some of them mirrored, gray as colour.
func TestParts(t *testing.T) {
	const count, size = 3, 16
	p := openTrain(t, dataset(t, size, count, 0), 1<<20)
	d := draw{
		parts: 2, index: []int32{0, 1, 2, 0},
		draws: []float32{1, 0, 0.25, 0.5, 0, 1, 0, 0},
	}
	mirrored := []bool{true, false, false, true}
	onBackends(t, func(t *testing.T, b *model.Backend) {
		for _, mode := range []FeedMode{FeedDevice, FeedStream} {
			for _, flip := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/flip=%v", mode, flip), func(t *testing.T) {
					got := partsOf(t, b, p, d, mode, flip)
					var gray, color []float32
					for i, index := range d.index {
						one, err := p.pair(int(index))
						if err != nil {
							t.Fatal(err)
						}
						gray = append(gray, row(one.gray, size, 1, mirrored[i] && flip)...)
						color = append(color, row(one.color, size, 3, mirrored[i] && flip)...)
					}
					for i, want := range [][]float32{gray, color, {0.25, 0.5, 0, 0}} {
						same := map[string][]float32{"": want}
						if off := farthest(same, map[string][]float32{"": got[i]}); off > 1e-6 {
							t.Errorf("%s is %g off", []string{"gray", "colour", "alpha"}[i], off)
						}
					}
				})
			}
		}
	})
}

// partsOf returns gray, colour and alpha of a draw's two parts, one after the
// other.
func partsOf(t *testing.T, b *model.Backend, p *pictures, d draw, mode FeedMode, flip bool) [][]float32 {
	t.Helper()
	s, err := newSupply(p, b, mode, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	in, err := s.input(d)
	if err != nil {
		t.Fatal(err)
	}
	defer in.finalize()
	exec, err := ml.NewExec(b.Backend, ml.NewStore(), func(_ *ml.Scope, args []*graph.Node) []*graph.Node {
		inputs := newStepInputs(args, flip)
		x, y := inputs.part(0), inputs.part(1)
		join := func(a, b *graph.Node) *graph.Node { return graph.Concatenate([]*graph.Node{a, b}, 0) }
		return []*graph.Node{join(x.gray, y.gray), join(x.color, y.color), join(x.alpha, y.alpha)}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Exec(append(in.args, []float32{0, 0, 0})...)
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]float32, len(out))
	for i, o := range out {
		values[i] = tensors.MustCopyFlatData[float32](o)
		o.MustFinalizeAll()
	}
	return values
}

// row scales a picture's levels, and mirrors it.
func row(levels []byte, size, channels int, mirrored bool) []float32 {
	out := make([]float32, len(levels))
	for y := range size {
		for x := range size {
			from := x
			if mirrored {
				from = size - 1 - x
			}
			for c := range channels {
				out[(y*size+x)*channels+c] = float32(levels[(y*size+from)*channels+c])/127.5 - 1
			}
		}
	}
	return out
}

// TestFeedModes refuses another name before anything is made.
func TestFeedModes(t *testing.T) {
	t.Parallel()
	err := Options{Recipe: tinyRecipe(), Data: "d", Output: "o", Backend: goBackend(t), Feed: "disk", KeepCheckpoints: -1}.Validate()
	want := "checkpoints to keep must be at least 0, got -1\nfeed must be auto, device or stream, got \"disk\""
	if err == nil {
		t.Fatal("options with an unknown feed are taken")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
