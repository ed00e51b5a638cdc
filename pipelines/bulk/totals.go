// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/progress"
)

func init() {
	beam.RegisterType(reflect.TypeFor[totals]())
	beam.RegisterDoFn(reflect.TypeFor[totalsFn]())
	register.Emitter1[totals]()
	register.Iter1[totals]()
}

// namespace is that of bulk's counters.
const namespace = "bulk"

var (
	coloredCounter = beam.NewCounter(namespace, "colored")
	rejectCounter  = beam.NewCounter(namespace, "rejects")
	reusedCounter  = beam.NewCounter(namespace, "reused")
)

// totals is what a bundle did: bounded, without names, and summed in any order.
// Times are sums over pictures, in nanoseconds; those of the pools overlap.
type totals struct { //nolint:recvcheck // counting changes it, everything else takes a copy
	Colored int64 `json:"colored"`
	// Left have colour already and were left as they are.
	Left    int64 `json:"left"`
	Rejects int64 `json:"rejects"`
	Reused  int64 `json:"reused"`
	// Kept, Recoded and PNG count coloured pictures by the way that their luma
	// took: as a JPEG's own coefficients, through a JPEG encoder, into a PNG.
	Kept    int64 `json:"kept"`
	Recoded int64 `json:"recoded"`
	PNG     int64 `json:"png"`
	Batches int64 `json:"batches"`
	// Inferences are pictures that shared a batch, FailedBatches those that were
	// run again picture by picture. Halved pictures were in a batch smaller than
	// asked for, for want of device memory.
	Inferences    int64 `json:"inferences"`
	FailedBatches int64 `json:"failed_batches"`
	Halved        int64 `json:"halved"`
	// BytesIn are those of the files read, as far as a listing knows them,
	// BytesOut those of coloured pictures.
	BytesIn  int64 `json:"bytes_in"`
	BytesOut int64 `json:"bytes_out"`
	ReadNS   int64 `json:"read_ns"`
	DecodeNS int64 `json:"decode_ns"`
	InferNS  int64 `json:"infer_ns"`
	EncodeNS int64 `json:"encode_ns"`
	StoreNS  int64 `json:"store_ns"`
	// Timeline counts pictures that were dealt with, and BytesOut.
	Timeline timeline `json:"timeline"`
}

func (t *totals) add(o totals) {
	for _, f := range []struct {
		sum *int64
		n   int64
	}{
		{&t.Colored, o.Colored}, {&t.Left, o.Left}, {&t.Rejects, o.Rejects}, {&t.Reused, o.Reused},
		{&t.Kept, o.Kept}, {&t.Recoded, o.Recoded}, {&t.PNG, o.PNG},
		{&t.Batches, o.Batches}, {&t.Inferences, o.Inferences}, {&t.FailedBatches, o.FailedBatches}, {&t.Halved, o.Halved},
		{&t.BytesIn, o.BytesIn}, {&t.BytesOut, o.BytesOut},
		{&t.ReadNS, o.ReadNS}, {&t.DecodeNS, o.DecodeNS}, {&t.InferNS, o.InferNS}, {&t.EncodeNS, o.EncodeNS}, {&t.StoreNS, o.StoreNS},
	} {
		*f.sum += f.n
	}
	t.Timeline.add(o.Timeline)
}

// count adds one result. Whether it was coloured or rejected is counted by
// whoever knows it to be in place.
func (t *totals) count(r *inference.Result) { t.countAt(time.Now(), r) }

func (t *totals) countAt(now time.Time, r *inference.Result) {
	t.ReadNS += int64(r.ReadTime)
	t.DecodeNS += int64(r.DecodeTime)
	t.EncodeNS += int64(r.EncodeTime)
	t.StoreNS += int64(r.StoreTime)
	if r.BatchSize > 0 {
		t.Batches++
		t.Inferences += int64(r.BatchSize)
		t.InferNS += int64(r.BatchTime)
	}
	if r.BatchFailed {
		t.FailedBatches++
	}
	if r.Halved {
		t.Halved++
	}
	if r.Err == nil {
		t.countWay(r)
	}
	if r.Err == nil || isPicture(r.Err) {
		t.BytesIn += max(0, r.Task.Size)
		t.BytesOut += r.Bytes
		t.Timeline.count(now, r.Bytes)
	}
}

// countWay counts how a picture was coded, or that it was left.
func (t *totals) countWay(r *inference.Result) {
	switch {
	case r.Left:
		t.Left++
	case r.Way == "kept":
		t.Kept++
	case r.Way == "recoded":
		t.Recoded++
	case r.Way == "png":
		t.PNG++
	}
}

// take returns what was counted since the last call.
func (t *totals) take() totals {
	out := *t
	*t = totals{}
	return out
}

// spec is what the DoFns of a job need to know; it travels as JSON.
type spec struct {
	Input    string
	Layout   layout
	Settings inference.Settings
	// Claim is the job's right to write, which workers check.
	Claim transforms.Claim
	// Run numbers the job's runs.
	Run int
	// Model, Hash and RejectHash go into the ledger's lines.
	Model, Hash, RejectHash string
	// Show is the largest key of the pictures that get thumbnails.
	Show string
	// SegmentLines bounds a segment of the ledger, Parts is the number of parts
	// of an archive.
	SegmentLines, Parts int
	// Retry asks for the rejects of parts that an earlier run has made to be tried
	// again.
	Retry bool
	// JobID finds the driver's progress, if it runs in the same process.
	JobID string
}

func (s spec) job() *progress.Job { return progress.Find(s.JobID) }

// lineOf turns a result into the picture's line. An error that is no fault of
// the picture is returned: it ends the job.
func (s spec) lineOf(it item, r *inference.Result, sum string) (line, error) {
	l := line{Key: it.Key, Source: nameOf(it.Ref, s.Input), Version: versionOf(it.Ref), Model: s.Model, Settings: s.Hash}
	if r.Err == nil && r.Left {
		l.Left, l.Width, l.Height = true, r.Width, r.Height
		return l, nil
	}
	if r.Err == nil {
		l.Output, l.Bytes, l.SHA256, l.Width, l.Height = it.Output, r.Bytes, sum, r.Width, r.Height
		l.Way, l.Halved = r.Way, r.Halved
		return l, nil
	}
	if !isPicture(r.Err) {
		return line{}, r.Err
	}
	reject := fault.RejectOf(l.Source, fault.StageRead, r.Err)
	l.Settings = s.RejectHash
	l.Stage, l.Reason, l.Transient = reject.Stage, reject.Reason, reject.Transient
	return l, nil
}

func isPicture(err error) bool {
	var p *fault.PictureError
	return errors.As(err, &p)
}

// totalsFn adds up what the bundles did and writes it for the driver: a
// pipeline's result cannot be asked for.
type totalsFn struct{ Spec spec }

// ProcessElement takes all totals at once.
func (f *totalsFn) ProcessElement(ctx context.Context, _ int, each func(*totals) bool) error {
	var sum, t totals
	for each(&t) {
		sum.add(t)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.Spec.job().Fail(f.Spec.writeTotals(ctx, sum))
}

func seconds(ns int64) float64 { return time.Duration(ns).Round(time.Millisecond).Seconds() }
