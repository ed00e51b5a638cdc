// SPDX-License-Identifier: Apache-2.0

package model

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/bits"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// referenceBound is how far a result in float32 may be from PyTorch's in
// float64, as part of the tensor's largest value. Rounding is by 2^-24 = 6e-8,
// and sums are over up to 8192 products, so that each of some thirty layers of
// a second derivative adds errors of about sqrt(8192)*6e-8 = 5e-6 at the very
// most, and nearly all far less. No activation is so near to its kink that this
// matters, see SEED in wgan_gp.py. 2.7e-6 is the most that was measured.
const referenceBound = 2e-5

// vanishingBound is how far a gradient that is 0 may be from it, as part of the
// largest value of the layer's kernel's, which sums up the same terms. 2.4e-7 is
// the most that was measured.
const vanishingBound = 2e-6

// reference is wgan_gp.json, which testdata/reference/wgan_gp.py writes.
type reference struct {
	Seed      uint64          `json:"seed"`
	Batch     int             `json:"batch"`
	Generator GeneratorConfig `json:"generator"`
	Critic    CriticConfig    `json:"critic"` // less its norm
	Cases     []referenceCase `json:"cases"`
}

type referenceCase struct {
	Name      string           `json:"name"`
	Adversary Adversary        `json:"gan_mode"`
	Reduction GPReduction      `json:"gp_reduction"`
	Norm      Norm             `json:"d_norm"`
	Critic    referenceResult  `json:"critic"`    // loss of the critic, gradients of its weights
	Generator *referenceResult `json:"generator"` // likewise; nil where another case has the same
}

type referenceResult struct {
	Loss      float64             `json:"loss"`
	Gradients []referenceGradient `json:"gradients"`
}

type referenceGradient struct {
	Name    string    `json:"name"`
	Size    int       `json:"size"`
	Norm    float64   `json:"norm"`
	Sum     float64   `json:"sum"`
	Largest float64   `json:"largest"`
	At      []int     `json:"at"` // indices of Values
	Values  []float64 `json:"values"`
}

// TestReference compares losses and gradients of the GAN steps with those of
// PyTorch on the same weights and pictures, which both sides make by a formula.
func TestReference(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "reference", "wgan_gp.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ref reference
	if err := json.Unmarshal(data, &ref); err != nil {
		t.Fatal(err)
	}
	want := []string{"wgan-gp sum instance", "wgan-gp mean instance", "vanilla instance", "vanilla batch"}
	var names []string
	for _, c := range ref.Cases {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatalf("cases of the reference (-want +got):\n%s", diff)
	}
	onBackends(t, func(t *testing.T, b *Backend) {
		for _, c := range ref.Cases {
			if b.Name != BackendGo && c.Adversary == AdversaryVanilla {
				// XLA compiles for seconds, and TestCriticBackends compares it.
				continue
			}
			t.Run(c.Name, func(t *testing.T) { ref.test(t, b, c) })
		}
	})
}

func (r reference) test(t *testing.T, b *Backend, c referenceCase) {
	t.Helper()
	r.Critic.Norm = c.Norm
	objective := CriticObjective{Adversary: c.Adversary, Reduction: c.Reduction, Apart: c.Norm != NormBatch}
	store := r.store(t)
	size := r.Generator.Size
	gray := r.pictures("gray", r.Batch, size, size, 1)
	color := r.pictures("color", r.Batch, size, size, 3)
	alpha := r.pictures("alpha", r.Batch, 1, 1, 1)
	criticNames, generatorNames := trainableNames(newCritic(t, r.Critic)), trainableNames(newGenerator(t, r.Generator))
	got := evalStore(t, b, store, func(root *ml.Scope, in []*Node) []*Node {
		gray, color, alpha := in[0], in[1], graph.MulScalar(graph.OnePlus(in[2]), 0.5)
		scope := root.In(CriticScope) // which a graph may enter once
		var tape *Tape
		score := func(_ Precision, gray, color *Node) (scores *Node) {
			scores, tape = TrainCritic(scope, r.Critic, gray, color)
			return scores
		}
		fake, generatorTape := TrainGenerator(root.In(GeneratorScope), r.Generator, gray)
		weight := graph.Scalar(gray.Graph(), gray.DType(), 10)
		loss := graph.ReduceAllMean(objective.Loss(score, gray, color, fake, alpha, weight).Loss)
		results := append([]*Node{loss}, tape.Gradients(loss)...)
		if c.Generator == nil {
			return results
		}
		loss = graph.ReduceAllMean(objective.GeneratorLoss(score(PrecisionAuto, gray, fake)))
		loss = graph.Add(loss, graph.MulScalar(L1Loss(fake, color), 25))
		return append(append(results, loss), generatorTape.Gradients(loss)...)
	}, gray, color, alpha)
	split := min(1+len(criticNames), len(got))
	r.compare(t, "critic", criticNames, got[:split], c.Critic, func(name string) bool {
		// Of the Wasserstein loss the last bias only shifts the scores. Vanilla
		// depends on it, but not on what instance norm takes away.
		last := name == "/"+CriticScope+"/conv_4/bias"
		return c.Norm == NormInstance && r.Critic.flat(name) && (!last || c.Adversary != AdversaryVanilla)
	})
	if c.Generator != nil {
		r.compare(t, "generator", generatorNames, got[split:], *c.Generator, func(string) bool { return false })
	}
}

// compare compares a loss and the gradients after it.
func (r reference) compare(t *testing.T, what string, names []string, got [][]float32, want referenceResult, vanishes func(name string) bool) {
	t.Helper()
	if len(got) != len(names)+1 || len(want.Gradients) != len(names) {
		t.Fatalf("%s: %d results and %d gradients of the reference for %d variables", what, len(got), len(want.Gradients), len(names))
	}
	var worstEntry, worstNorm, worstZero float64
	loss := math.Abs(float64(got[0][0])-want.Loss) / math.Abs(want.Loss)
	if !(loss <= referenceBound) {
		t.Errorf("%s: loss is %g, want %g", what, got[0][0], want.Loss)
	}
	kernel := 0.0 // the largest value of the layer's kernel's gradient
	for i, name := range names {
		at := slices.IndexFunc(want.Gradients, func(g referenceGradient) bool { return g.Name == name })
		if at < 0 || want.Gradients[at].Size != len(got[i+1]) {
			t.Fatalf("%s: the reference has no gradient of %d values by %s", what, len(got[i+1]), name)
		}
		g, values := want.Gradients[at], got[i+1]
		if path.Base(name) == "kernel" {
			kernel = g.Largest
		}
		if vanishes(name) {
			l := largestOf(values) / kernel
			worstZero = max(worstZero, l)
			if g.Largest != 0 || !(l <= vanishingBound) {
				t.Errorf("%s: gradient by %s is up to %g, the reference's %g, want 0", what, name, largestOf(values), g.Largest)
			}
			continue
		}
		entry, norm := g.differences(t, values)
		worstEntry, worstNorm = max(worstEntry, entry), max(worstNorm, norm)
		if !(entry <= referenceBound) || !(norm <= referenceBound) {
			t.Errorf("%s: gradient by %s: norm differs by %g, values by %g of their largest, want at most %g",
				what, name, norm, entry, referenceBound)
		}
	}
	t.Logf("%s: loss %.7g differs by %.1e, norms by %.1e, values by %.1e, what is 0 by %.1e", what, got[0][0], loss, worstNorm, worstEntry, worstZero)
}

// differences returns how far values are from the reference: single values and
// the largest, as part of the largest; norm and sum, as part of the norm.
func (g referenceGradient) differences(t *testing.T, values []float32) (entry, norm float64) {
	t.Helper()
	if len(g.At) != len(g.Values) || len(g.At) < min(20, g.Size) || !(g.Largest > 1e-6) {
		t.Fatalf("the reference's gradient by %s says too little: %+v", g.Name, g)
	}
	var squares, sum float64
	for _, v := range values {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	// Where the values differ by a part p of their norm, the norm differs by p at
	// most, and the sum by p times norm times sqrt(size).
	norm = math.Abs(math.Sqrt(squares)-g.Norm) / g.Norm
	norm = max(norm, math.Abs(sum-g.Sum)/(g.Norm*math.Sqrt(float64(g.Size))))
	entry = math.Abs(largestOf(values)-g.Largest) / g.Largest
	for i, at := range g.At {
		d := math.Abs(float64(values[at])-g.Values[i]) / g.Largest
		if math.IsNaN(d) {
			return math.Inf(1), norm
		}
		entry = max(entry, d)
	}
	return entry, norm
}

// store makes both networks and gives them the reference's weights.
func (r reference) store(t *testing.T) *ml.Store {
	t.Helper()
	store := newGenerator(t, r.Generator)
	if err := InitCritic(store, CriticScope, r.Critic, 1); err != nil {
		t.Fatal(err)
	}
	for v := range store.IterVariables() {
		if !v.Trainable {
			continue // running statistics, which no training step reads
		}
		dims := v.Shape().Dimensions
		scale, shift := 0.125, 0.0
		switch path.Base(v.Path()) {
		case "kernel":
			// The power of two near 2/sqrt(fan-in), which float32 has exactly.
			scale = math.Ldexp(1, 1-bits.Len(uint(v.Shape().Size()/dims[len(dims)-1]))/2)
		case "gamma":
			scale, shift = 0.25, 1
		}
		values := r.uniform(v.Path(), v.Shape().Size())
		for i := range values {
			values[i] = float32(shift + scale*float64(values[i]))
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, dims...)); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

func (r reference) pictures(name string, dims ...int) *tensors.Tensor {
	size := 1
	for _, d := range dims {
		size *= d
	}
	return tensors.FromFlatDataAndDimensions(r.uniform(name, size), dims...)
}

// uniform returns multiples of 2^-15 in [-1, 1), each a hash (splitmix64) of
// the seed, the name and its index. wgan_gp.py has the same.
func (r reference) uniform(name string, n int) []float32 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %s", r.Seed, name) // a hash's Write returns no error
	start := h.Sum64()
	values := make([]float32, n)
	for i := range values {
		z := start + uint64(i) + 0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		values[i] = float32(int64(z>>48)-32768) / 32768
	}
	return values
}
