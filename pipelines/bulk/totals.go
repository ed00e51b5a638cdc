// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"io"
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/report"
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

// totals is what a bundle did: bounded, without names. Times are sums over
// pictures, in nanoseconds; those of the pools overlap.
type totals struct {
	Colored    int64 `json:"colored"`
	Rejects    int64 `json:"rejects"`
	Reused     int64 `json:"reused"`
	Batches    int64 `json:"batches"`
	Inferences int64 `json:"inferences"`
	ReadNS     int64 `json:"read_ns"`
	DecodeNS   int64 `json:"decode_ns"`
	InferNS    int64 `json:"infer_ns"`
	EncodeNS   int64 `json:"encode_ns"`
}

func (t *totals) add(o totals) {
	t.Colored += o.Colored
	t.Rejects += o.Rejects
	t.Reused += o.Reused
	t.Batches += o.Batches
	t.Inferences += o.Inferences
	t.ReadNS += o.ReadNS
	t.DecodeNS += o.DecodeNS
	t.InferNS += o.InferNS
	t.EncodeNS += o.EncodeNS
}

// count adds one result.
func (t *totals) count(r *inference.Result) {
	t.ReadNS += int64(r.ReadTime)
	t.DecodeNS += int64(r.DecodeTime)
	t.EncodeNS += int64(r.EncodeTime)
	if r.BatchSize > 0 {
		t.Batches++
		t.Inferences += int64(r.BatchSize)
		t.InferNS += int64(r.BatchTime)
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
	// Run numbers the job's runs.
	Run int
	// Model, Hash and RejectHash go into the ledger's lines.
	Model, Hash, RejectHash string
	// Show is the largest key of the pictures that get thumbnails.
	Show string
	// Parts is the number of parts of an archive, Plan the digest of the listing
	// that they are made from.
	Parts int
	Plan  string
	// JobID finds the driver's progress, if it runs in the same process.
	JobID string
}

func (s spec) job() *progress.Job { return progress.Find(s.JobID) }

// lineOf turns a result into the picture's line. An error that is no fault of
// the picture is returned: it ends the job.
func (s spec) lineOf(it item, r *inference.Result, sum string) (line, error) {
	l := line{Key: it.Key, Source: nameOf(it.Ref, s.Input), Version: versionOf(it.Ref), Model: s.Model, Settings: s.Hash}
	if r.Err == nil {
		l.Output, l.Bytes, l.SHA256, l.Width, l.Height = it.Output, r.Bytes, sum, r.Width, r.Height
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
	return f.Spec.job().Fail(f.Spec.Layout.publish(f.Spec.Layout.state("totals.json"),
		func(w io.Writer) error { return report.WriteJSON(w, sum) }))
}

func seconds(ns int64) float64 { return time.Duration(ns).Round(time.Millisecond).Seconds() }
