// SPDX-License-Identifier: Apache-2.0

package model

import (
	"math"
	"path"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// inPrecision returns the store with the precision set.
func inPrecision(store *ml.Store, p Precision) *ml.Store {
	SetPrecision(store, p)
	return store
}

// roundWeights rounds all variables of a store to bfloat16.
func roundWeights(store *ml.Store) *ml.Store {
	for v := range store.IterVariables() {
		tensors.MustMutableFlatData(v.MustValue(), func(flat []float32) {
			for i, x := range flat {
				flat[i] = math.Float32frombits((math.Float32bits(x) + 0x8000) &^ 0xffff)
			}
		})
	}
	return store
}

// relativeNorm is the 2-norm of the difference, relative to that of want.
func relativeNorm(got, want []float32) float64 {
	var diff, norm float64
	for i := range want {
		d := float64(got[i]) - float64(want[i])
		diff += d * d
		norm += float64(want[i]) * float64(want[i])
	}
	return math.Sqrt(diff / norm)
}

// requireFloat32 fails the test where a node is anything else.
func requireFloat32(t *testing.T, list []*Node) {
	t.Helper()
	for i, n := range list {
		if n.DType() != dtypes.Float32 {
			t.Errorf("result %d is %s", i, n.DType())
		}
	}
}

// coarse is the bound of gradients in bfloat16: how many times as far they may
// be from float32's as those of float32 are after its weights alone were rounded
// to bfloat16. That moves them by a tenth to a quarter, since some activations
// switch; between 0.9 and 1.7 times that was measured, in networks of 32 and 64
// pixels.
const coarse = 2.5

// compareKernels compares the gradients of kernels.
func compareKernels(t *testing.T, names []string, got, rounded, want [][]float32) {
	t.Helper()
	compared := 0
	for i, name := range names {
		if path.Base(name) != "kernel" {
			continue
		}
		off, control := relativeNorm(got[i], want[i]), relativeNorm(rounded[i], want[i])
		t.Logf("%s: %.3f, rounded weights %.3f", name, off, control)
		if !(off < coarse*control) {
			t.Errorf("%s is off by %.3f of its norm, by rounded weights %.3f", name, off, control)
		}
		compared++
	}
	if compared == 0 {
		t.Error("no kernel was compared")
	}
}

// twice runs a graph function with the store's weights and then with those
// rounded to bfloat16.
func twice(t *testing.T, b *Backend, store *ml.Store, f func(root *ml.Scope, in []*Node) []*Node, args ...any) (got, rounded [][]float32) {
	t.Helper()
	exec, err := ml.NewExec(b.Backend, store, f)
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	run := func() (values [][]float32) {
		out, err := exec.Call(args...)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range out {
			values = append(values, tensors.MustCopyFlatData[float32](o))
			o.MustFinalizeAll()
		}
		return values
	}
	got = run()
	roundWeights(store)
	return got, run()
}

// TestGeneratorBFloat16 bounds what bfloat16 changes in the generator's colours
// and gradients. Colours, losses and gradients stay float32.
func TestGeneratorBFloat16(t *testing.T) {
	t.Parallel()
	b := xlaBackend(t)
	c := GeneratorConfig{Size: 32, InChannels: 1, OutChannels: 3, Downs: 4, Filters: 8, Norm: NormInstance}
	results := func(p Precision) (got, rounded [][]float32) {
		return twice(t, b, inPrecision(newGenerator(t, c), p), func(root *ml.Scope, in []*Node) []*Node {
			fake, tape := TrainGenerator(root.In(GeneratorScope), c, in[0])
			loss := L1Loss(fake, in[1])
			list := append([]*Node{fake, loss}, tape.Gradients(loss)...)
			requireFloat32(t, list)
			return list
		}, random(1, 4, 32, 32, 1), random(2, 4, 32, 32, 3))
	}
	got, _ := results(PrecisionBFloat16)
	want, rounded := results(PrecisionFloat32)
	names := append([]string{"colours", "loss"}, trainableNames(newGenerator(t, c))...)
	compareKernels(t, names, got, rounded, want)
	colours, loss := worst(t, got[0], want[0]), relativeNorm(got[1], want[1])
	t.Logf("colours: %g of %g, loss: %g", colours, largestOf(want[0]), loss)
	// A level of 8 bits is 0.0078.
	if !(colours > 0 && colours < 0.012) {
		t.Errorf("colours differ by %g", colours)
	}
	if !(loss < 1e-4) {
		t.Errorf("the loss differs by %g of it", loss)
	}
}

// TestCriticBFloat16 bounds what bfloat16 changes in the critic's loss under
// WGAN-GP and in the gradients of its two parts.
func TestCriticBFloat16(t *testing.T) {
	t.Parallel()
	b := xlaBackend(t)
	c := CriticConfig{Kind: CriticPatchGAN, Size: 24, Conditional: true, GrayChannels: 1, Filters: 8, Norm: NormInstance}
	o := CriticObjective{Adversary: AdversaryWGANGP, Reduction: GPSum, Apart: true}
	results := func(p Precision) (got, rounded [][]float32) {
		return twice(t, b, inPrecision(newCritic(t, c), p), func(root *ml.Scope, in []*Node) []*Node {
			scope := root.In(CriticScope)
			terms := o.Loss(ScoreOf(scope, c), in[0], in[1], in[2], in[3], graph.Scalar(in[0].Graph(), dtypes.Float32, 10))
			list := []*Node{terms.Distance, terms.Penalty, terms.Norm, terms.Loss}
			list = append(list, NewTape(scope).Gradients(graph.ReduceAllMean(terms.Distance))...)
			list = append(list, NewTape(scope).Gradients(graph.ReduceAllMean(terms.Penalty))...)
			requireFloat32(t, list)
			return list
		}, criticArguments(c.Size)...)
	}
	got, _ := results(PrecisionBFloat16)
	want, rounded := results(PrecisionFloat32)
	trainable := trainableNames(newCritic(t, c))
	end := 4 + len(trainable)
	compareKernels(t, trainable, got[4:end], rounded[4:end], want[4:end])
	for i, name := range []string{"distance", "penalty", "norm", "loss"} {
		off, bound := relativeNorm(got[i], want[i]), 0.04 // 0.017 was measured
		if name == "penalty" || name == "norm" {          // which are float32
			bound = 1e-6
		}
		t.Logf("%s: %v is off by %g", name, want[i], off)
		if !(off < bound) {
			t.Errorf("the %s is off by %g of it", name, off)
		}
	}
	for i, name := range trainable {
		if off := relativeNorm(got[end+i], want[end+i]); path.Base(name) == "kernel" && !(off < 1e-5) {
			t.Errorf("the penalty's gradient by %s is off by %g, and so not float32", name, off)
		}
	}
}

// TestPenaltyBFloat16 shows that it matters that the penalty's pass is float32:
// in bfloat16 the penalty would be far off.
func TestPenaltyBFloat16(t *testing.T) {
	t.Parallel()
	c := CriticConfig{Kind: CriticPatchGAN, Size: 24, Conditional: true, GrayChannels: 1, Filters: 8, Norm: NormInstance}
	penalty := func(p Precision) []float32 {
		got, _ := twice(t, xlaBackend(t), inPrecision(newCritic(t, c), p), func(root *ml.Scope, in []*Node) []*Node {
			score := func(color *Node) *Node { return Critic(root.In(CriticScope), c, in[0], color) }
			penalty, _ := GradientPenalty(score, in[1], in[2], in[3], GPSum)
			return []*Node{penalty}
		}, criticArguments(c.Size)...)
		return got[0]
	}
	off := relativeNorm(penalty(PrecisionBFloat16), penalty(PrecisionFloat32))
	t.Logf("off by %g", off)
	if off < 0.01 {
		t.Errorf("the penalty of a critic in bfloat16 is off by %g only", off)
	}
}

// criticArguments are gray pictures, true and generated colours and alphas.
func criticArguments(size int) []any {
	return []any{
		random(1, 2, size, size, 1), random(2, 2, size, size, 3), random(3, 2, size, size, 3),
		tensors.FromFlatDataAndDimensions([]float32{0.3, 0.6}, 2, 1, 1, 1),
	}
}

// TestTrainingBFloat16 lets Adam take some steps from the same weights in
// float32 and in bfloat16: the loss falls alike.
func TestTrainingBFloat16(t *testing.T) {
	t.Parallel()
	b := xlaBackend(t)
	c := GeneratorConfig{Size: 16, InChannels: 1, OutChannels: 3, Downs: 3, Filters: 8, Norm: NormBatch}
	losses := func(p Precision) []float64 {
		store := inPrecision(newGenerator(t, c), p)
		exec, err := ml.NewExec(b.Backend, store, func(root *ml.Scope, in []*Node) []*Node {
			fake, tape := TrainGenerator(root.In(GeneratorScope), c, in[0])
			loss := L1Loss(fake, graph.MulScalar(in[0], 0.5))
			return append([]*Node{loss}, tape.Gradients(loss)...)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer exec.Finalize()
		moments := make(map[string][2][]float64)
		var list []float64
		for step := range 50 {
			out, err := exec.Call(random(1, 4, 16, 16, 1))
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, float64(tensors.ToScalar[float32](out[0])))
			for i, name := range trainableNames(store) {
				stepAdam(store.GetVariable(name), tensors.MustCopyFlatData[float32](out[i+1]), moments, step+1)
			}
			for _, o := range out {
				o.MustFinalizeAll()
			}
		}
		return list
	}
	got, want := losses(PrecisionBFloat16), losses(PrecisionFloat32)
	t.Logf("bfloat16 %.4f", got)
	t.Logf("float32  %.4f", want)
	first, last := want[0], want[len(want)-1]
	if !(last < first/2) {
		t.Errorf("in float32 the loss went from %g to %g only", first, last)
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 0.05*first { // 0.026 was measured
			t.Errorf("step %d: the loss is %g, in float32 %g", i, got[i], want[i])
		}
	}
}

// stepAdam lets Adam (rate 0.002, beta 0.5 and 0.999) move a variable, whose
// moments are kept under its path.
func stepAdam(v *ml.Variable, grad []float32, moments map[string][2][]float64, step int) {
	m, ok := moments[v.Path()]
	if !ok {
		m = [2][]float64{make([]float64, len(grad)), make([]float64, len(grad))}
		moments[v.Path()] = m
	}
	tensors.MustMutableFlatData(v.MustValue(), func(flat []float32) {
		for i, g := range grad {
			m[0][i] += 0.5 * (float64(g) - m[0][i])
			m[1][i] += 0.001 * (float64(g)*float64(g) - m[1][i])
			mean, square := m[0][i]/(1-math.Pow(0.5, float64(step))), m[1][i]/(1-math.Pow(0.999, float64(step)))
			flat[i] -= float32(0.002 * mean / (math.Sqrt(square) + 1e-8))
		}
	})
}
