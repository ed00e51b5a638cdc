// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// sheet keeps the n samples whose hashes of seed and key are smallest: a fair
// choice that depends neither on their order nor on time.
type sheet struct {
	n    int
	seed uint64
	kept sheetHeap
}

// add keeps a sample if it belongs to the smallest so far.
func (s *sheet) add(sample Sample) {
	if s.n == 0 {
		return
	}
	c := sheetChoice{sheetHash(s.seed, sample.Key), sample}
	if len(s.kept) < s.n {
		heap.Push(&s.kept, c)
	} else if c.before(s.kept[0]) {
		s.kept[0] = c
		heap.Fix(&s.kept, 0)
	}
}

// samples returns what is kept, by key.
func (s *sheet) samples() []Sample {
	out := make([]Sample, 0, len(s.kept))
	for _, c := range s.kept {
		out = append(out, c.sample)
	}
	slices.SortFunc(out, func(a, b Sample) int { return strings.Compare(a.Key, b.Key) })
	return out
}

func sheetHash(seed uint64, key string) uint64 {
	sum := sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, seed), key...))
	return binary.BigEndian.Uint64(sum[:])
}

type sheetChoice struct {
	hash   uint64
	sample Sample
}

func (c sheetChoice) before(d sheetChoice) bool {
	if c.hash != d.hash {
		return c.hash < d.hash
	}
	return c.sample.Key < d.sample.Key
}

// sheetHeap has the largest hash on top.
type sheetHeap []sheetChoice

func (h *sheetHeap) Len() int           { return len(*h) }
func (h *sheetHeap) Less(i, j int) bool { return (*h)[j].before((*h)[i]) }
func (h *sheetHeap) Swap(i, j int)      { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }
func (h *sheetHeap) Push(x any)         { *h = append(*h, x.(sheetChoice)) } //nolint:errcheck,forcetypeassert // only add pushes
func (h *sheetHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
