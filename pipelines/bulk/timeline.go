// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"slices"
	"time"
)

// A timeline has at most maxBuckets buckets. The narrowest are bucketWidth wide,
// and each level doubles that.
const (
	maxBuckets  = 512
	bucketWidth = 100 * time.Millisecond
)

// timeline counts pictures and written bytes over time, in buckets of equal
// width: 8 KB at most, however long the job. Bucket n begins n widths after 1970,
// so that buckets of one level lie within those of the next, and timelines that
// are added in any order come out the same. Times are those of the workers'
// clocks. It travels as JSON; the zero value is empty.
type timeline struct { //nolint:recvcheck // count and add change it, everything else takes a copy
	Level    int     `json:"level"`
	First    int64   `json:"first"` // number of the first bucket
	Pictures []int64 `json:"pictures,omitempty"`
	Bytes    []int64 `json:"bytes,omitempty"` // as many as Pictures
}

func (t timeline) width() time.Duration { return bucketWidth << t.Level }

// start is when the first bucket begins.
func (t timeline) start() time.Time { return time.Unix(0, t.First*int64(t.width())) }

// count adds a picture of so many bytes that was dealt with at that moment.
func (t *timeline) count(at time.Time, bytes int64) {
	n := at.UnixNano() / int64(bucketWidth)
	if i := n>>t.Level - t.First; i >= 0 && i < int64(len(t.Pictures)) {
		t.Pictures[i]++
		t.Bytes[i] += bytes
		return
	}
	t.add(timeline{First: n, Pictures: []int64{1}, Bytes: []int64{bytes}})
}

// add merges another timeline into t and shares nothing with it.
func (t *timeline) add(o timeline) {
	if len(o.Pictures) == 0 {
		return
	}
	if len(t.Pictures) == 0 {
		*t = timeline{o.Level, o.First, slices.Clone(o.Pictures), slices.Clone(o.Bytes)}
		return
	}
	level := max(t.Level, o.Level)
	first, last := span(*t, o, level)
	for last-first >= maxBuckets {
		level++
		first, last = span(*t, o, level)
	}
	sum := timeline{level, first, make([]int64, last-first+1), make([]int64, last-first+1)}
	for _, part := range []timeline{*t, o} {
		for i := range part.Pictures {
			n := part.bucket(i, level) - first
			sum.Pictures[n] += part.Pictures[i]
			sum.Bytes[n] += part.Bytes[i]
		}
	}
	*t = sum
}

// bucket is the number of a higher level's bucket that holds bucket i.
func (t timeline) bucket(i, level int) int64 { return (t.First + int64(i)) >> (level - t.Level) }

// span is the first and the last bucket that two timelines have at a level.
func span(a, b timeline, level int) (first, last int64) {
	return min(a.bucket(0, level), b.bucket(0, level)),
		max(a.bucket(len(a.Pictures)-1, level), b.bucket(len(b.Pictures)-1, level))
}

// coarse returns t in at most n buckets, of at least the given width.
func (t timeline) coarse(n int, width time.Duration) timeline {
	out := timeline{Level: t.Level}
	for len(t.Pictures) > 0 && (out.width() < width || t.bucket(len(t.Pictures)-1, out.Level)-t.bucket(0, out.Level) >= int64(n)) {
		out.Level++
	}
	for i := range t.Pictures {
		number := t.bucket(i, out.Level)
		if len(out.Pictures) == 0 {
			out.First = number
		}
		if at := number - out.First; at == int64(len(out.Pictures)) {
			out.Pictures, out.Bytes = append(out.Pictures, 0), append(out.Bytes, 0)
		}
		out.Pictures[number-out.First] += t.Pictures[i]
		out.Bytes[number-out.First] += t.Bytes[i]
	}
	return out
}

// covered is how much of a higher level's bucket lies between the first and the
// last of t.
func (t timeline) covered(number int64, level int) time.Duration {
	from := max(number<<(level-t.Level), t.First)
	to := min((number+1)<<(level-t.Level), t.First+int64(len(t.Pictures)))
	return time.Duration(max(0, to-from)) * t.width()
}
