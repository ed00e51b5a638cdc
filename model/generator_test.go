// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// smallGenerator is large enough to have every kind of layer.
func smallGenerator(norm Norm) GeneratorConfig {
	return GeneratorConfig{Size: 16, InChannels: 3, OutChannels: 3, Downs: 4, Filters: 4, Norm: norm}
}

// TestGeneratorBackends compares outputs, losses and gradients of the two
// backends, of the tape with automatic differentiation, and of the plans that
// xla:cpu has for large pictures and xla:cuda for all with go's.
func TestGeneratorBackends(t *testing.T) {
	t.Parallel()
	for _, norm := range []Norm{NormBatch, NormInstance, NormLayer, NormNone} {
		c := smallGenerator(norm)
		gray, color := random(1, 2, 16, 16, 1), random(2, 2, 16, 16, 3)
		run := func(t *testing.T, b *Backend, withTape bool, choose chooser) [][]float32 {
			store := enlarge(newGenerator(t, c))
			if choose != nil {
				store.RootScope().SetParam(paramChooser, choose)
			}
			return evalStore(t, b, store, func(root *ml.Scope, in []*Node) []*Node {
				scope := root.In(GeneratorScope)
				if withTape {
					fake, tape := TrainGenerator(scope, c, in[0])
					loss := L1Loss(fake, in[1])
					return append([]*Node{fake, loss}, tape.Gradients(loss)...)
				}
				fake := Generator(scope, c, in[0], Train)
				loss := L1Loss(fake, in[1])
				return append([]*Node{fake, loss}, graph.Gradient(loss, trainables(scope, fake.Graph())...)...)
			}, gray, color)
		}
		t.Run(string(norm), func(t *testing.T) {
			want := run(t, goBackend(t), false, nil)
			store := newGenerator(t, c)
			names := append([]string{"color", "loss"}, trainableNames(store)...)
			// Instance norm takes a bias before it away again.
			vanishes := func(name string) bool {
				layer, isBias := strings.CutSuffix(name, "/bias")
				return isBias && norm == NormInstance && store.GetVariable(layer+"/norm/gamma") != nil
			}
			compareScaled(t, "go, tape", names, run(t, goBackend(t), true, nil), want, 1e-4, vanishes)
			compareScaled(t, "xla", names, run(t, xlaBackend(t), true, nil), want, 1e-4, vanishes)
			if norm == NormBatch { // one, since compiling takes seconds
				compareScaled(t, "xla, large", names, run(t, xlaBackend(t), true, largePlan), want, 1e-4, vanishes)
				compareScaled(t, "xla, native", names, run(t, xlaBackend(t), true, nativePlan), want, 1e-4, vanishes)
			}
		})
	}
}

// enlarge scales the kernels up, so that a small network's output and gradients
// are not all near 0.
func enlarge(store *ml.Store) *ml.Store { return scaleKernels(store, 5) }

func scaleKernels(store *ml.Store, factor float32) *ml.Store {
	for v := range store.IterVariables() {
		if v.Name() == "kernel" {
			tensors.MustMutableFlatData(v.MustValue(), func(flat []float32) {
				for i := range flat {
					flat[i] *= factor
				}
			})
		}
	}
	return store
}

func TestGeneratorUsesEveryVariable(t *testing.T) {
	t.Parallel()
	for _, norm := range []Norm{NormBatch, NormInstance, NormLayer, NormNone} {
		c := smallGenerator(norm)
		store := newGenerator(t, c)
		evalStore(t, goBackend(t), store, func(root *ml.Scope, in []*Node) []*Node {
			y := Generator(root.In(GeneratorScope), c, in[0], Infer)
			for v := range store.IterVariables() {
				if !v.InUseByGraph(y.Graph()) {
					t.Errorf("norm %s: variable %s is not used", norm, v.Path())
				}
			}
			return []*Node{y}
		}, random(1, 1, 16, 16, 1))
	}
}

// TestRunningStatistics writes batch norm's running statistics out.
func TestRunningStatistics(t *testing.T) {
	t.Parallel()
	onBackends(t, func(t *testing.T, b *Backend) {
		x := random(1, 2, 2, 3, 4)
		specs := normSpecs("layer", NormBatch, 4)
		for _, update := range []bool{false, true} {
			store := ml.NewStore()
			if err := initVariables(store, "net", specs, 1); err != nil {
				t.Fatal(err)
			}
			evalStore(t, b, store, func(root *ml.Scope, in []*Node) []*Node {
				tape := &Tape{scope: root.In("net")}
				y := newNetwork(tape.scope, in[0].Graph(), Train, tape).norm("layer", NormBatch, in[0], true)
				if update {
					tape.UpdateStatistics()
				}
				return []*Node{y}
			}, x)
			mean, variance := channelStatistics(tensors.MustCopyFlatData[float32](x), 4)
			for c := range 4 {
				wantMean, wantVariance := 0.0, 1.0
				if update {
					wantMean, wantVariance = 0.1*mean[c], 0.9+0.1*variance[c]*12/11
				}
				check := func(name string, want float64) {
					t.Helper()
					got := tensors.MustCopyFlatData[float32](store.GetVariable("/net/layer/norm/" + name).MustValue())[c]
					if math.Abs(float64(got)-want) > 1e-6 {
						t.Errorf("update %t: running %s of channel %d is %g, want %g", update, name, c, got, want)
					}
				}
				check("mean", wantMean)
				check("variance", wantVariance)
			}
		}
	})
}

// channelStatistics returns mean and biased variance of each channel.
func channelStatistics(x []float32, channels int) (mean, variance []float64) {
	mean, variance = make([]float64, channels), make([]float64, channels)
	n := float64(len(x) / channels)
	for i, v := range x {
		mean[i%channels] += float64(v) / n
	}
	for i, v := range x {
		d := float64(v) - mean[i%channels]
		variance[i%channels] += d * d / n
	}
	return mean, variance
}

// TestNorms compares each norm in training form with its formula.
func TestNorms(t *testing.T) {
	t.Parallel()
	const channels, pixels = 3, 2 * 4
	x := random(1, 2, 2, 4, channels)
	xs := tensors.MustCopyFlatData[float32](x)
	standardized := func(group func(picture, channel int) int, groups int) []float32 {
		at := func(i int) int { return group(i/channels/pixels, i%channels) }
		mean, square, n := make([]float64, groups), make([]float64, groups), make([]float64, groups)
		for i := range xs {
			n[at(i)]++
			mean[at(i)] += float64(xs[i])
		}
		for i := range xs {
			d := float64(xs[i]) - mean[at(i)]/n[at(i)]
			square[at(i)] += d * d
		}
		out := make([]float32, len(xs))
		for i := range xs {
			g := at(i)
			out[i] = float32((float64(xs[i]) - mean[g]/n[g]) / math.Sqrt(square[g]/n[g]+normEpsilon))
		}
		return out
	}
	tests := []struct {
		name  string
		build func(x *Node) *Node
		want  []float32
	}{
		{"batch", func(x *Node) *Node { y, _, _ := standardize(x, 0, 1, 2); return y },
			standardized(func(_, c int) int { return c }, channels)},
		{"instance", instanceNorm, standardized(func(p, c int) int { return p*channels + c }, 2*channels)},
		{"layer", layerNorm, standardized(func(p, _ int) int { return p }, 2)},
	}
	onBackends(t, func(t *testing.T, b *Backend) {
		for _, tt := range tests {
			got := eval(t, b, func(in []*Node) []*Node { return []*Node{tt.build(in[0])} }, x)
			if diff := worst(t, got[0], tt.want); diff > 1e-5 {
				t.Errorf("%s norm differs by %g", tt.name, diff)
			}
		}
	})
}

// TestBatchNormLayer sets a batch norm's variables and compares the layer with
// its formula, in training by the batch's statistics, else by the running ones.
func TestBatchNormLayer(t *testing.T) {
	t.Parallel()
	const channels = 3
	set := map[string][]float32{
		"gamma": {0.5, -2, 3}, "beta": {0.25, 1, -4},
		"mean": {0.5, -0.75, 2}, "variance": {0.25, 4, 1.5},
	}
	x := random(1, 2, 2, 4, channels)
	xs := tensors.MustCopyFlatData[float32](x)
	batchMean, batchVariance := channelStatistics(xs, channels)
	onBackends(t, func(t *testing.T, b *Backend) {
		for _, mode := range []Mode{Train, Infer} {
			store := ml.NewStore()
			if err := initVariables(store, "net", normSpecs("layer", NormBatch, channels), 1); err != nil {
				t.Fatal(err)
			}
			for name, values := range set {
				if err := store.GetVariable("/net/layer/norm/" + name).SetValue(tensors.FromValue(values)); err != nil {
					t.Fatal(err)
				}
			}
			got := evalStore(t, b, store, func(root *ml.Scope, in []*Node) []*Node {
				return []*Node{newNetwork(root.In("net"), in[0].Graph(), mode, nil).norm("layer", NormBatch, in[0], true)}
			}, x)
			want := make([]float32, len(xs))
			for i, v := range xs {
				c := i % channels
				mean, variance := batchMean[c], batchVariance[c]
				if mode == Infer {
					mean, variance = float64(set["mean"][c]), float64(set["variance"][c])
				}
				y := (float64(v) - mean) / math.Sqrt(variance+1e-5)
				want[i] = float32(float64(set["gamma"][c])*y + float64(set["beta"][c]))
			}
			if diff := worst(t, got[0], want); diff > 1e-6 {
				t.Errorf("mode %d: differs by %g", mode, diff)
			}
		}
	})
}

func TestNormRefusesSmallMaps(t *testing.T) {
	t.Parallel()
	_, err := graph.CallOnce(goBackend(t).Backend, instanceNorm, random(1, 1, 1, 4, 2))
	if err == nil {
		t.Error("instance norm took 1x4 maps")
	}
}

// TestBatchNormOfOneValue: a channel of a single value has no deviation; the
// result is the shift, not NaN.
func TestBatchNormOfOneValue(t *testing.T) {
	t.Parallel()
	got := eval(t, goBackend(t), func(in []*Node) []*Node {
		y, _, variance := standardize(in[0], 0, 1, 2)
		grad := graph.Gradient(graph.ReduceAllSum(graph.Square(y)), in[0])[0]
		return []*Node{y, unbiased(variance, 1), grad}
	}, random(1, 1, 1, 1, 3))
	for i, values := range got {
		for _, v := range values {
			if v != 0 {
				t.Errorf("result %d is %g, want 0", i, v)
			}
		}
	}
}

// TestBottleneck trains at batch 1 down to a 1x1 map, where batch norm sees
// four values, and looks for numbers that are none.
func TestBottleneck(t *testing.T) {
	t.Parallel()
	c := GeneratorConfig{Size: 16, InChannels: 1, OutChannels: 3, Downs: 4, Filters: 4, Norm: NormBatch}
	got := evalStore(t, goBackend(t), newGenerator(t, c), func(root *ml.Scope, in []*Node) []*Node {
		fake, tape := TrainGenerator(root.In(GeneratorScope), c, in[0])
		loss := L1Loss(fake, in[1])
		return append([]*Node{loss}, tape.Gradients(loss)...)
	}, random(1, 1, 16, 16, 1), random(2, 1, 16, 16, 3))
	for i, values := range got {
		for _, v := range values {
			if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
				t.Fatalf("result %d holds %g", i, v)
			}
		}
	}
}

func TestGeneratorRefusesWrongInput(t *testing.T) {
	t.Parallel()
	c := smallGenerator(NormBatch)
	store := newGenerator(t, c)
	for _, dims := range [][]int{{1, 8, 8, 1}, {1, 16, 16, 2}} {
		exec, err := ml.NewExec(goBackend(t).Backend, store, func(root *ml.Scope, x *Node) *Node {
			return Generator(root.In(GeneratorScope), c, x, Infer)
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := exec.Call(random(1, dims...)); err == nil {
			t.Errorf("an input of %v was taken", dims)
		}
		exec.Finalize()
	}
}

func ExampleGeneratorConfig_Validate() {
	c := GeneratorConfig{Size: 64, InChannels: 1, OutChannels: 3, Downs: 7, Filters: 64, Norm: NormBatch}
	fmt.Println(c.Validate())
	// Output: num_downs must be in [1, 6] for 64-px pictures, got 7
}
