// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// noon is when the tests' jobs begin.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func sumOf(values []int64) (sum int64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	second := time.Second
	for _, tt := range []struct {
		name  string
		at    []time.Duration // after noon
		width time.Duration
		want  []int64
	}{
		{"nothing", nil, bucketWidth, nil},
		{"one moment", []time.Duration{0, 0, second / 20}, bucketWidth, []int64{3}},
		{"a gap", []time.Duration{0, second / 2, second / 2}, bucketWidth, []int64{1, 0, 0, 0, 0, 2}},
		{"back in time", []time.Duration{second / 5, 0}, bucketWidth, []int64{1, 0, 1}},
		{"as much as fits", []time.Duration{0, 511 * bucketWidth}, bucketWidth, append(append([]int64{1}, make([]int64, 510)...), 1)},
		{"one more", []time.Duration{0, 512 * bucketWidth}, 2 * bucketWidth, append(append([]int64{1}, make([]int64, 255)...), 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var line timeline
			for _, at := range tt.at {
				line.count(noon.Add(at), 10)
			}
			if diff := cmp.Diff(tt.want, line.Pictures); diff != "" {
				t.Errorf("pictures (-want +got):\n%s", diff)
			}
			if line.width() != tt.width || sumOf(line.Bytes) != 10*int64(len(tt.at)) {
				t.Errorf("width %v, want %v; %d bytes", line.width(), tt.width, sumOf(line.Bytes))
			}
			if len(tt.at) > 0 && (line.start().After(noon) || noon.Sub(line.start()) >= line.width()) {
				t.Errorf("it begins at %v, want the bucket of %v", line.start(), noon)
			}
		})
	}
}

// TestTimelineAdds: whatever the order in which workers' timelines are added,
// and whether they went through JSON, the sum is that of all pictures in one.
func TestTimelineAdds(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		var whole timeline
		parts := make([]timeline, 1+random.IntN(6))
		for range 400 {
			at := noon.Add(time.Duration(random.ExpFloat64() * float64(time.Second) * float64(int(1)<<(round%20))))
			bytes := random.Int64N(1000)
			whole.count(at, bytes)
			parts[random.IntN(len(parts))].count(at, bytes)
		}
		before, err := json.Marshal(parts)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			var sum timeline
			for _, i := range random.Perm(len(parts)) {
				sum.add(parts[i])
			}
			if diff := cmp.Diff(whole, sum); diff != "" {
				t.Fatalf("round %d: the parts add up to another timeline (-want +got):\n%s", round, diff)
			}
		}
		after, err := json.Marshal(parts)
		if err != nil {
			t.Fatal(err)
		}
		if string(before) != string(after) {
			t.Fatalf("round %d: adding a timeline has changed it", round)
		}
		if len(whole.Pictures) > maxBuckets || len(after) > len(parts)*maxBuckets*30 {
			t.Fatalf("round %d: %d buckets, %d bytes of JSON", round, len(whole.Pictures), len(after))
		}
	}
}

func TestTimelineCoarse(t *testing.T) {
	t.Parallel()
	var line timeline
	for i := range 100_000 {
		line.count(noon.Add(time.Duration(i)*137*time.Millisecond), 3)
	}
	for _, n := range []int{1, 2, 60, 1000} {
		got := line.coarse(n, 800*time.Millisecond)
		if len(got.Pictures) > n || len(got.Pictures) != len(got.Bytes) || got.width() < 800*time.Millisecond {
			t.Errorf("%d buckets of %v, want at most %d", len(got.Pictures), got.width(), n)
		}
		if sumOf(got.Pictures) != 100_000 || sumOf(got.Bytes) != 300_000 || got.start().After(noon) {
			t.Errorf("in %d buckets: %d pictures, %d bytes from %v", n, sumOf(got.Pictures), sumOf(got.Bytes), got.start())
		}
	}
	if got := (timeline{}).coarse(5, time.Hour); len(got.Pictures) != 0 {
		t.Errorf("nothing becomes %+v", got)
	}
}

func BenchmarkTimeline(b *testing.B) {
	var line timeline
	at := noon
	for b.Loop() {
		at = at.Add(5 * time.Millisecond)
		line.count(at, 100)
	}
}
