// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
)

// TestTotals counts results of every kind in two bundles, sends them as JSON and
// adds them up.
func TestTotals(t *testing.T) {
	t.Parallel()
	task := &inference.Task{Size: 1000}
	ms := time.Millisecond
	results := []inference.Result{
		{Task: task, Way: "kept", Bytes: 900, ReadTime: ms, DecodeTime: 2 * ms, EncodeTime: 3 * ms, StoreTime: 4 * ms, BatchSize: 3, BatchTime: 5 * ms},
		{Task: task, Way: "recoded", Bytes: 800, BatchFailed: true, Halved: true},
		{Task: task, Way: "png", Bytes: 700},
		{Task: task, Left: true},
		{Task: &inference.Task{Size: -1}, Err: fault.Picture(fault.StageDecode, "cut"), ReadTime: ms},
		{Task: task, Err: errors.New("the job ends")}, // is counted by nobody
	}
	var sum totals
	for bundle := range 2 {
		var b totals
		for i := range results {
			b.countAt(noon.Add(time.Duration(bundle)*time.Second), &results[i])
		}
		data, err := json.Marshal(b.take())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(totals{}, b); diff != "" {
			t.Errorf("take leaves something (-want +got):\n%s", diff)
		}
		var travelled totals
		if err := json.Unmarshal(data, &travelled); err != nil {
			t.Fatal(err)
		}
		sum.add(travelled)
	}
	counts := sum.Timeline.Pictures
	if len(counts) != 11 || counts[0] != 5 || counts[10] != 5 || sumOf(sum.Timeline.Bytes) != 4800 {
		t.Errorf("timeline %+v", sum.Timeline)
	}
	sum.Timeline = timeline{}
	want := totals{
		Left: 2, Kept: 2, Recoded: 2, PNG: 2, Batches: 2, Inferences: 6, FailedBatches: 2, Halved: 2, BytesIn: 8000, BytesOut: 4800,
		ReadNS: int64(4 * ms), DecodeNS: int64(4 * ms), InferNS: int64(10 * ms), EncodeNS: int64(6 * ms), StoreNS: int64(8 * ms),
	}
	if diff := cmp.Diff(want, sum); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

// TestTotalsAdd: every number is added.
func TestTotalsAdd(t *testing.T) {
	t.Parallel()
	one := totals{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, timeline{}}
	sum := one
	sum.add(one)
	if want := (totals{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, timeline{}}); !cmp.Equal(sum, want) {
		t.Errorf("twice one is %+v", sum)
	}
}

func TestUtilization(t *testing.T) {
	t.Parallel()
	sum := totals{InferNS: 9e9, DecodeNS: 6e9, EncodeNS: 4e9}
	for _, tt := range []struct {
		runner   string
		pipeline float64
		want     *utilization
	}{
		{"direct", 10, &utilization{Device: 0.9, DeviceLanes: 1, Codec: 0.25, CodecLanes: 4}},
		{"prism", 10, &utilization{Device: 0.9, DeviceLanes: 1, Codec: 0.25, CodecLanes: 4}},
		{"direct", 0, nil},
		{"flink", 10, nil}, // how many machines there were is not known
	} {
		if diff := cmp.Diff(tt.want, sum.utilization(tt.runner, tt.pipeline, 1, 4)); diff != "" {
			t.Errorf("%s, %v s (-want +got):\n%s", tt.runner, tt.pipeline, diff)
		}
	}
}
