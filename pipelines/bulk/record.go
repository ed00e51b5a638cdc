// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"time"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// reportRecord is report.json. Its size does not depend on the number of
// pictures.
type reportRecord struct {
	Summary Summary `json:"summary"`
	Job     job     `json:"job"`
	Model   string  `json:"model"` // its name; the job has its hash
	// Precision is what the network computed with.
	Precision model.Precision `json:"precision"`

	Batch int `json:"batch"`
	// Workers is 0 where it was as many as a machine elsewhere has processors.
	Workers int          `json:"workers"`
	Runner  string       `json:"runner"`
	Bytes   int64        `json:"colored_bytes"`
	Pixels  int64        `json:"colored_pixels"`
	Reasons []reason     `json:"rejects_by_reason"`
	Work    deeds        `json:"work"`
	Timings timings      `json:"timings"`
	Busy    *utilization `json:"utilization,omitempty"`
	Rates   throughput   `json:"throughput"`
	Tool    string       `json:"tool_version,omitempty"`
	Machine machineLabel `json:"machine"`
	// Counters are the pipeline's of this run, by "namespace.name".
	Counters runner.Counters `json:"counters,omitempty"`

	timeline timeline // what Rates shows
}

// reason counts the rejects of one kind.
type reason struct {
	Stage  fault.Stage `json:"stage,omitempty"`
	Reason string      `json:"reason"`
	Count  int64       `json:"count"`
}

// deeds are what this run did, apart from what earlier ones had done.
type deeds struct {
	Colored int64 `json:"colored"`
	Left    int64 `json:"left"`
	Rejects int64 `json:"rejects"`
	Reused  int64 `json:"reused"`
	// LumaKept are JPEGs whose luma coefficients are the original's,
	// LumaRecoded those that went through an encoder, PNG is without loss.
	LumaKept    int64 `json:"luma_kept"`
	LumaRecoded int64 `json:"luma_recoded"`
	PNG         int64 `json:"png"`
	// Halved pictures were in a batch smaller than asked for, for want of device
	// memory.
	Halved        int64 `json:"halved"`
	Batches       int64 `json:"batches"`
	FailedBatches int64 `json:"failed_batches"`
	// BytesRead are those of the files read, BytesWritten of coloured pictures.
	BytesRead    int64 `json:"bytes_read"`
	BytesWritten int64 `json:"bytes_written"`
}

// timings are those of this run, in seconds. Those of the pools are sums over
// pictures and overlap.
type timings struct {
	LoadModel float64 `json:"load_model"`
	Pipeline  float64 `json:"pipeline"`
	Read      float64 `json:"read"`
	Decode    float64 `json:"decode"`
	Infer     float64 `json:"infer"`
	Encode    float64 `json:"encode"`
	Store     float64 `json:"store"`
	Batches   int64   `json:"batches"`
	// MeanBatch is the mean number of pictures that shared a batch.
	MeanBatch float64 `json:"mean_batch"`
}

// utilization is the share of the pipeline's time, in [0, 1], for which the
// device and the codecs' pool were busy: busy time / (time x lanes).
type utilization struct {
	Device      float64 `json:"device"`
	DeviceLanes int     `json:"device_lanes"`
	Codec       float64 `json:"codec"`
	CodecLanes  int     `json:"codec_lanes"`
}

// throughput is what was done when: for each bucket of time the pictures dealt
// with and the bytes of coloured pictures. Before the first and after the last
// bucket nothing was; both may be covered in part.
type throughput struct {
	Start             string    `json:"start,omitempty"` // of the first bucket, UTC
	BucketSeconds     float64   `json:"bucket_seconds"`
	Pictures          []int64   `json:"pictures"`
	BytesWritten      []int64   `json:"bytes_written"`
	PicturesPerSecond []float64 `json:"pictures_per_second"`
}

type machineLabel struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
}

func (t totals) deeds() deeds {
	return deeds{
		Colored: t.Colored, Left: t.Left, Rejects: t.Rejects, Reused: t.Reused,
		LumaKept: t.Kept, LumaRecoded: t.Recoded, PNG: t.PNG, Halved: t.Halved,
		Batches: t.Batches, FailedBatches: t.FailedBatches, BytesRead: t.BytesIn, BytesWritten: t.BytesOut,
	}
}

func (t totals) timings(load time.Duration, pipeline float64) timings {
	out := timings{
		LoadModel: round(load.Seconds(), 3), Pipeline: round(pipeline, 3), Read: seconds(t.ReadNS), Decode: seconds(t.DecodeNS),
		Infer: seconds(t.InferNS), Encode: seconds(t.EncodeNS), Store: seconds(t.StoreNS), Batches: t.Batches,
	}
	if t.Batches > 0 {
		out.MeanBatch = round(float64(t.Inferences)/float64(t.Batches), 3)
	}
	return out
}

// utilization is nil where there was no pipeline, and where it ran elsewhere:
// how many machines there were is not known here.
func (t totals) utilization(name string, pipeline float64, device, workers int) *utilization {
	if pipeline <= 0 || !runner.IsLocal(name) {
		return nil
	}
	share := func(ns int64, lanes int) float64 { return round(float64(ns)/1e9/pipeline/float64(lanes), 3) }
	return &utilization{
		Device: share(t.InferNS, device), DeviceLanes: device, Codec: share(t.DecodeNS+t.EncodeNS, workers), CodecLanes: workers,
	}
}

// maxRates bounds the buckets in report.json.
const maxRates = 120

func (t timeline) throughput() throughput {
	t = t.coarse(maxRates, bucketWidth)
	out := throughput{
		BucketSeconds: t.width().Seconds(), Pictures: []int64{}, BytesWritten: []int64{}, PicturesPerSecond: []float64{},
	}
	if len(t.Pictures) == 0 {
		return out
	}
	out.Start = t.start().UTC().Format(time.RFC3339Nano)
	out.Pictures, out.BytesWritten = t.Pictures, t.Bytes
	for _, n := range t.Pictures {
		out.PicturesPerSecond = append(out.PicturesPerSecond, round(float64(n)/out.BucketSeconds, 2))
	}
	return out
}

func round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}

// maxKinds bounds the reasons in report.json, since there may be one for each
// picture, and maxReason the characters of one.
const (
	maxKinds  = 100
	maxReason = 500
)

// byReason counts rejects by what went wrong, the most frequent first. Reasons
// that differ in numbers and quoted names alone count together.
func byReason(rejects []fault.Reject) []reason {
	counts := map[reason]reason{}
	for _, r := range rejects {
		r.Reason = report.Clip(r.Reason, maxReason)
		kind := reason{Stage: r.Stage, Reason: shape(r.Reason)}
		sum, found := counts[kind]
		if !found {
			sum = reason{Stage: r.Stage, Reason: r.Reason}
		} else if sum.Reason != r.Reason {
			sum.Reason = kind.Reason
		}
		sum.Count++
		counts[kind] = sum
	}
	out := []reason{}
	for _, r := range counts {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Reason, b.Reason))
	})
	if len(out) > maxKinds {
		rest := reason{Reason: "other reasons"}
		for _, r := range out[maxKinds-1:] {
			rest.Count += r.Count
		}
		out = append(out[:maxKinds-1], rest)
	}
	return out
}

// varying is what differs between reasons of one kind.
var varying = regexp.MustCompile(`"[^"]*"|[0-9]+`)

// shape is a reason with "…" for numbers and for what stands in double quotes.
func shape(reason string) string { return varying.ReplaceAllLiteralString(reason, "…") }
