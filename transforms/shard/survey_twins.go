// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// maxTwins bounds the duplicates that are named: the shards of each are read
// again for it.
const maxTwins = 24

// Twins are pictures that another split has too: what is learnt from one is no
// test on the other.
type Twins struct {
	// Count is how many samples have a duplicate in an earlier split of the
	// description, which has the training pictures first.
	Count int `json:"count"`
	// Pairs names the first 24, the nearest first and else in the order of the
	// shards.
	Pairs []Twin `json:"pairs"`
}

// Twin is a sample with its duplicate in an earlier split, the nearest one.
type Twin struct {
	Sample  Place `json:"sample"`
	Earlier Place `json:"earlier"`
	// Distance is how many of 64 bits of the perceptual hashes differ; 0 for
	// exact duplicates.
	Distance int `json:"distance"`
}

// Place says where a sample is.
type Place struct {
	Split  string `json:"split"`
	File   string `json:"file"`
	Key    string `json:"key"`
	Source string `json:"source"`
	// Color is the colour picture's PNG.
	Color []byte `json:"-"`
}

// sampleRef is a sample's place as numbers: of its shard in the order of the
// description, and of the sample in the shard.
type sampleRef struct{ shard, position uint32 }

func (r sampleRef) compare(o sampleRef) int {
	return cmp.Or(cmp.Compare(r.shard, o.shard), cmp.Compare(r.position, o.position))
}

// twinRef is a [Twin] as numbers.
type twinRef struct {
	sample, earlier sampleRef
	distance        int
}

// twinRefs counts twins and keeps those that come first.
type twinRefs struct {
	count int
	pairs []twinRef
}

func (t *twinRefs) add(r twinRef) {
	t.count++
	at, _ := slices.BinarySearchFunc(t.pairs, r, func(a, b twinRef) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), a.sample.compare(b.sample))
	})
	if at < maxTwins {
		t.pairs = slices.Insert(t.pairs[:min(len(t.pairs), maxTwins-1)], at, r)
	}
}

// exactTwins finds equal colour pictures as the samples come, split after
// split. It keeps 30 to 45 bytes for each picture.
type exactTwins struct {
	first map[[12]byte]sampleRef
	found twinRefs
}

// add looks for a sample's colour picture; splits has the number of the split
// of each shard.
func (e *exactTwins) add(color []byte, at sampleRef, splits []int) {
	sum := sha256.Sum256(color)
	id := [12]byte(sum[:12])
	first, ok := e.first[id]
	switch {
	case !ok:
		e.first[id] = at
	case splits[first.shard] != splits[at.shard]:
		e.found.add(twinRef{sample: at, earlier: first})
	}
}

// nearPicture is a picture's perceptual hash.
type nearPicture struct {
	hash uint64
	at   sampleRef
}

// findNear finds pictures whose hashes differ in at most distance bits from one
// in an earlier split. Of distance+1 parts of the hashes one must be equal
// then, so only pictures that share a part are compared.
func findNear(ctx context.Context, list []nearPicture, splits []int, distance int) (twinRefs, error) {
	slices.SortFunc(list, func(a, b nearPicture) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), a.at.compare(b.at))
	})
	n := nearSearch{splits: splits, distance: distance, best: map[groupSplit]neighbor{}}
	for i, p := range list {
		if last := len(n.groups) - 1; last < 0 || p.hash != n.groups[last].hash {
			n.groups = append(n.groups, nearGroup{hash: p.hash, from: i})
		}
		n.groups[len(n.groups)-1].to = i + 1
	}
	n.list = list
	for i, g := range n.groups {
		if n.split(g.from) != n.split(g.to-1) {
			n.note(i, i, 0)
		}
	}
	for part := range distance + 1 {
		if err := n.part(ctx, part*64/(distance+1), (part+1)*64/(distance+1)); err != nil {
			return twinRefs{}, err
		}
	}
	return n.twins(), nil
}

// nearSearch holds the pictures grouped by equal hashes: a thousand blank
// pictures are one group, not half a million pairs.
type nearSearch struct {
	splits   []int
	distance int
	list     []nearPicture
	groups   []nearGroup
	best     map[groupSplit]neighbor
}

type (
	nearGroup struct {
		hash     uint64
		from, to int // its range of the list, by shard and position
	}
	groupSplit struct{ group, split int }
	neighbor   struct {
		distance int
		at       sampleRef
	}
)

// before prefers the nearer one, and else the earlier one.
func (a neighbor) before(b neighbor) bool {
	return cmp.Or(cmp.Compare(a.distance, b.distance), a.at.compare(b.at)) < 0
}

// part compares the groups that agree in the bits [from, to).
func (n *nearSearch) part(ctx context.Context, from, to int) error {
	type keyed struct {
		bits   uint64
		member bucketMember
	}
	order := make([]keyed, len(n.groups))
	for i, g := range n.groups {
		order[i] = keyed{g.hash >> from & (1<<(to-from) - 1), bucketMember{i, g.hash, n.split(g.to - 1)}}
	}
	// Within a bucket those of the first split alone come last: two training
	// pictures need no comparison.
	slices.SortFunc(order, func(a, b keyed) int {
		switch {
		case a.bits != b.bits:
			return cmp.Compare(a.bits, b.bits)
		case a.member.last != b.member.last:
			return cmp.Compare(b.member.last, a.member.last)
		}
		return cmp.Compare(a.member.group, b.member.group)
	})
	var bucket []bucketMember
	for i, k := range order {
		bucket = append(bucket, k.member)
		if i+1 < len(order) && order[i+1].bits == k.bits {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		n.compare(bucket)
		bucket = bucket[:0]
	}
	return nil
}

// bucketMember is a group with the number of its last split.
type bucketMember struct {
	group int
	hash  uint64
	last  int
}

// compare compares the groups of a bucket with each other.
func (n *nearSearch) compare(bucket []bucketMember) {
	for i, a := range bucket {
		if a.last == 0 {
			return
		}
		for _, b := range bucket[i+1:] {
			if d := pixel.HashDistance(a.hash, b.hash); d <= n.distance {
				n.note(a.group, b.group, d)
				n.note(b.group, a.group, d)
			}
		}
	}
}

func (n *nearSearch) split(i int) int { return n.splits[n.list[i].at.shard] }

// note remembers, for each split of the other group, its first picture as a
// neighbour of group.
func (n *nearSearch) note(group, other, distance int) {
	g := n.groups[other]
	for i := g.from; i < g.to; i++ {
		if i > g.from && n.split(i) == n.split(i-1) {
			continue
		}
		key, found := groupSplit{group, n.split(i)}, neighbor{distance, n.list[i].at}
		if old, ok := n.best[key]; !ok || found.before(old) {
			n.best[key] = found
		}
	}
}

// twins returns the nearest earlier neighbour of each picture that has one.
func (n *nearSearch) twins() (found twinRefs) {
	for i, g := range n.groups {
		for k := g.from; k < g.to; k++ {
			best, ok := neighbor{}, false
			for split := range n.split(k) {
				if b, there := n.best[groupSplit{i, split}]; there && (!ok || b.distance < best.distance) {
					best, ok = b, true
				}
			}
			if ok {
				found.add(twinRef{n.list[k].at, best.at, best.distance})
			}
		}
	}
	return found
}
