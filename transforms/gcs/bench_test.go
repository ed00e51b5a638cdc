// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"fmt"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// BenchmarkList lists a bucket of 100,000 objects; client and server share the
// machine.
func BenchmarkList(b *testing.B) {
	const n = 100_000
	data := randomBytes(1000)
	gcstest.StartSynthetic(b, bucket, n,
		func(i int) string { return fmt.Sprintf("%09d.png", i) }, func(int) []byte { return data })
	for b.Loop() {
		seen := 0
		if err := List(b.Context(), bucket, "", func(Object) error { seen++; return nil }); err != nil || seen != n {
			b.Fatal(seen, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/object")
}

func BenchmarkReadAll(b *testing.B) {
	for _, size := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			data := randomBytes(size)
			gcstest.StartSynthetic(b, bucket, 1, func(int) string { return "x" }, func(int) []byte { return data })
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ReadAll(b.Context(), bucket, "x", 0, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{10_000, large} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := gcstest.Start(b)
			s.CreateBucket(bucket)
			data := randomBytes(size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Write(b.Context(), bucket, "x", Anything(), put(data)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
