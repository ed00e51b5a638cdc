// SPDX-License-Identifier: Apache-2.0

package model

import (
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

var (
	openGo  = sync.OnceValues(func() (*Backend, error) { return OpenBackend(BackendGo) })
	openCPU = sync.OnceValues(func() (*Backend, error) { return OpenBackend(BackendCPU) })
)

// requireXLA, set to 1, makes tests fail where they would skip for want of an
// XLA plugin.
const requireXLA = "CHROMABEAM_REQUIRE_XLA"

// xlaBackend returns xla:cpu, or skips the test.
func xlaBackend(t testing.TB) *Backend {
	t.Helper()
	b, err := openCPU()
	if err == nil {
		return b
	}
	if os.Getenv(requireXLA) == "1" {
		t.Fatalf("%s=1, but %v", requireXLA, err)
	}
	t.Skipf("no XLA: %v", err)
	return nil
}

func goBackend(t testing.TB) *Backend {
	t.Helper()
	b, err := openGo()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// onBackends runs the test on go and, where it can, on xla:cpu.
func onBackends(t *testing.T, f func(t *testing.T, b *Backend)) {
	t.Helper()
	t.Run("go", func(t *testing.T) { f(t, goBackend(t)) })
	t.Run("xla_cpu", func(t *testing.T) { f(t, xlaBackend(t)) })
}

// random returns a tensor of values in [-1, 1), the same for the same seed.
func random(seed uint64, dims ...int) *tensors.Tensor {
	t := tensors.FromShape(shapes.Make(dtypes.Float32, dims...))
	r := rand.New(rand.NewPCG(seed, 0))
	tensors.MustMutableFlatData(t, func(flat []float32) {
		for i := range flat {
			flat[i] = 2*r.Float32() - 1
		}
	})
	return t
}

// eval runs a graph function once and returns its results' values.
func eval(t testing.TB, b *Backend, f func(in []*Node) []*Node, args ...*tensors.Tensor) [][]float32 {
	t.Helper()
	return evalStore(t, b, ml.NewStore(), func(_ *ml.Scope, in []*Node) []*Node { return f(in) }, args...)
}

// evalStore runs a graph function with the store's variables.
func evalStore(t testing.TB, b *Backend, store *ml.Store, f func(scope *ml.Scope, in []*Node) []*Node, args ...*tensors.Tensor) [][]float32 {
	t.Helper()
	exec, err := ml.NewExec(b.Backend, store, f)
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	in := make([]any, len(args))
	for i, a := range args {
		clone, err := a.LocalClone() // a tensor belongs to one backend
		if err != nil {
			t.Fatal(err)
		}
		in[i] = clone
	}
	out, err := exec.Call(in...)
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

// worst returns the largest difference, relative to the largest value of want
// where that is above 1.
func worst(t testing.TB, got, want []float32) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d values, want %d", len(got), len(want))
	}
	scale, diff := 1.0, 0.0
	for i := range want {
		scale = max(scale, math.Abs(float64(want[i])))
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		diff = max(diff, d)
	}
	return diff / scale
}

// compareScaled compares results by name. Each may differ by the bound times
// its largest value, and must not be all about 0, where a comparison says
// nothing; the results for which vanishes is true are 0 but for rounding, and
// must be.
func compareScaled(t testing.TB, what string, names []string, got, want [][]float32, bound float64, vanishes func(name string) bool) {
	t.Helper()
	if len(names) != len(want) || len(got) != len(want) {
		t.Fatalf("%s: %d names, %d results, want %d", what, len(names), len(got), len(want))
	}
	for i, name := range names {
		largest := largestOf(want[i])
		if vanishes(name) {
			if l := max(largest, largestOf(got[i])); !(l < 1e-5) {
				t.Errorf("%s: %s is up to %g, want 0", what, name, l)
			}
			continue
		}
		if !(largest > 1e-5) {
			t.Errorf("%s: %s is at most %g, too flat to compare", what, name, largest)
			continue
		}
		// worst divides by what is above 1 only.
		if diff := worst(t, got[i], want[i]) * max(1, largest) / largest; diff > bound {
			t.Errorf("%s: %s differs by %g of its largest value %g", what, name, diff, largest)
		}
	}
}

func largestOf(values []float32) float64 {
	var largest float64
	for _, v := range values {
		if a := math.Abs(float64(v)); a > largest || math.IsNaN(a) {
			largest = a
		}
	}
	return largest
}

// trainableNames returns the paths of the trainable variables, in the order of
// their gradients.
func trainableNames(store *ml.Store) []string {
	var names []string
	for v := range store.IterVariables() {
		if v.Trainable {
			names = append(names, v.Path())
		}
	}
	return names
}

// largePlan is the plan of xla:cpu for pictures of real sizes, which goes
// through withGradient.
func largePlan(unit) plan { return plan{LowerConvolve, LowerTaps, LowerTaps} }

// nativePlan is the plan of xla:cuda.
func nativePlan(unit) plan { return whole(LowerNative) }

// newGenerator returns a store with a generator.
func newGenerator(t testing.TB, c GeneratorConfig) *ml.Store {
	t.Helper()
	store := ml.NewStore()
	if err := InitGenerator(store, GeneratorScope, c, 1); err != nil {
		t.Fatal(err)
	}
	return store
}

// newCritic returns a store with a critic.
func newCritic(t testing.TB, c CriticConfig) *ml.Store {
	t.Helper()
	store := ml.NewStore()
	if err := InitCritic(store, CriticScope, c, 1); err != nil {
		t.Fatal(err)
	}
	return store
}

// trainables returns the values of the scope's trainable variables.
func trainables(scope *ml.Scope, g *graph.Graph) []*Node {
	var list []*Node
	for v := range scope.IterVariables() {
		if v.Trainable {
			list = append(list, v.NodeValue(g))
		}
	}
	return list
}
