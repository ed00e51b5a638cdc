// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"context"
	"fmt"
	"runtime"
	"testing"
)

// inUse returns the bytes that are reachable.
func inUse() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// midway is a context that measures when it is first asked: by then a search
// holds all that it needs for one part of the hashes.
type midway struct {
	context.Context

	bytes float64
}

func (m *midway) Err() error {
	if m.bytes == 0 {
		m.bytes = inUse()
	}
	return m.Context.Err()
}

// BenchmarkVerifyMemory measures what is remembered of each sample, in bytes:
// tables grow in steps, so the number of samples makes a difference.
func BenchmarkVerifyMemory(b *testing.B) {
	for _, n := range []int{1_000_000, 1_500_000, 2_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				before := inUse()
				v := newVerifier(nil, Info{}, SurveyOptions{})
				v.listed, v.splits = []listedShard{{}}, []int{0}
				var list []nearPicture
				for i := range n {
					at := sampleRef{position: uint32(i)}
					v.occurrence("", fmt.Sprint(i))
					v.exact.add(fmt.Append(nil, i), at, v.splits)
				}
				b.ReportMetric((inUse()-before)/float64(n), "B/sample")
				for i := range n {
					list = append(list, nearPicture{uint64(i) * 0x9e3779b97f4a7c15, sampleRef{position: uint32(i)}})
				}
				search := &midway{Context: b.Context()}
				if _, err := findNear(search, list, v.splits, DefaultNearDistance); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric((search.bytes-before)/float64(n), "B-near/sample")
				runtime.KeepAlive(v)
			}
		})
	}
}
