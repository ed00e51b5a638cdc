// SPDX-License-Identifier: Apache-2.0

package train

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// order is the endless sequence in which a stage sees n pictures: a fresh
// permutation for every epoch, one after the other. Batches are cut from it
// without regard to where an epoch ends, so that each picture comes exactly
// once an epoch and all batches are full.
//
// The sequence depends on label, seed, stage and n alone, and can be entered
// anywhere, which is what makes a resumed run see the same batches.
type order struct {
	label string
	seed  uint64
	stage int
	n     int

	epoch int64
	perm  []int32 // of epoch; nil before the first use
}

// newOrder returns a sequence of a stage, counted from 0 through the run. The
// label tells a stage's sequences apart.
func newOrder(label string, seed uint64, stage, n int) *order {
	return &order{label: label, seed: seed, stage: stage, n: n}
}

// at returns the picture at a position. Positions that grow are cheap.
func (o *order) at(position int64) int {
	epoch := position / int64(o.n)
	if o.perm == nil || epoch != o.epoch {
		o.epoch, o.perm = epoch, permutation(o.label, o.n, o.seed, uint64(o.stage), uint64(epoch))
	}
	return int(o.perm[position%int64(o.n)])
}

// permutation returns a random order of 0..n-1 drawn from label and words. It is
// written out rather than taken from math/rand/v2, which promises the numbers
// of its generators but not those of Perm.
func permutation(label string, n int, words ...uint64) []int32 {
	rng := newSource(label, words...)
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(i)
	}
	for i := n - 1; i > 0; i-- {
		// The high word of the product is uniform but for 2^-32 at most.
		high, _ := bits.Mul64(rng.Uint64(), uint64(i+1))
		p[i], p[high] = p[high], p[i]
	}
	return p
}

// newSource returns a generator that depends on a label and words only.
func newSource(label string, words ...uint64) *rand.PCG {
	text := []byte(label)
	for _, w := range words {
		text = binary.LittleEndian.AppendUint64(text, w)
	}
	sum := sha256.Sum256(text)
	return rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16]))
}
