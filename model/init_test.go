// SPDX-License-Identifier: Apache-2.0

package model

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// digest hashes a store's values by path.
func digest(t *testing.T, store *ml.Store) string {
	t.Helper()
	list, err := StoreTensors(store)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for _, n := range list {
		h.Write([]byte(n.Name))
		if err := n.Tensor.ConstBytes(func(data []byte) { h.Write(data) }); err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestInitIsFixed pins the first weights: a run must be repeatable with a later
// version too.
func TestInitIsFixed(t *testing.T) {
	t.Parallel()
	c := smallGenerator(NormBatch)
	const want = "ec039f88b7c90f5303728eaac7a15590a802f8277b066f644e7e9567a8bdc401"
	if got := digest(t, newGenerator(t, c)); got != want {
		t.Errorf("the weights of seed 1 have hash %s, want %s", got, want)
	}
	other := ml.NewStore()
	if err := InitGenerator(other, GeneratorScope, c, 2); err != nil {
		t.Fatal(err)
	}
	if digest(t, other) == want {
		t.Error("seed 2 gives the weights of seed 1")
	}
}

func TestInitDistribution(t *testing.T) {
	t.Parallel()
	store := newGenerator(t, GeneratorConfig{Size: 64, InChannels: 1, OutChannels: 3, Downs: 4, Filters: 16, Norm: NormBatch})
	tests := []struct {
		path            string
		mean, deviation float64
		trainable       bool
	}{
		{"/generator/down_2/kernel", 0, 0.02, true},
		{"/generator/up_2/kernel", 0, 0.02, true},
		{"/generator/up_0/bias", 0, 0, true},
		{"/generator/up_1/norm/gamma", 1, 0.02, true},
		{"/generator/up_1/norm/beta", 0, 0, true},
		{"/generator/up_1/norm/mean", 0, 0, false},
		{"/generator/up_1/norm/variance", 1, 0, false},
	}
	for _, tt := range tests {
		v := store.GetVariable(tt.path)
		if v == nil {
			t.Errorf("%s was not made", tt.path)
			continue
		}
		if v.Trainable != tt.trainable {
			t.Errorf("%s: trainable is %t", tt.path, v.Trainable)
		}
		values := tensors.MustCopyFlatData[float32](v.MustValue())
		mean, variance := channelStatistics(values, 1)
		// Five standard errors of the mean and of the deviation.
		allowed := 5 * tt.deviation / math.Sqrt(float64(len(values)))
		if math.Abs(mean[0]-tt.mean) > allowed || math.Abs(math.Sqrt(variance[0])-tt.deviation) > allowed {
			t.Errorf("%s: mean %g, deviation %g, want %g and %g", tt.path, mean[0], math.Sqrt(variance[0]), tt.mean, tt.deviation)
		}
	}
}

func TestInitErrors(t *testing.T) {
	t.Parallel()
	store := newGenerator(t, smallGenerator(NormBatch))
	if err := InitGenerator(store, GeneratorScope, smallGenerator(NormBatch), 1); err == nil {
		t.Error("a generator was made twice")
	}
	if err := InitGenerator(ml.NewStore(), GeneratorScope, GeneratorConfig{}, 1); err == nil {
		t.Error("an empty configuration was taken")
	}
	if err := InitCritic(ml.NewStore(), CriticScope, CriticConfig{Kind: "none at all"}, 1); err == nil {
		t.Error("an unknown critic was made")
	}
}
