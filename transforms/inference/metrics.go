// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"context"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// Namespace is that of the counters below. Their names are those of Beam's own
// RunInference transform in Python, so that dashboards made for one show the
// other.
const Namespace = "BeamML_Chromabeam"

var (
	numInferences = beam.NewCounter(Namespace, "num_inferences")
	failedBatches = beam.NewCounter(Namespace, "failed_batches_counter")
	batchSize     = beam.NewDistribution(Namespace, "inference_request_batch_size")
	batchLatency  = beam.NewDistribution(Namespace, "inference_batch_latency_micro_secs")
	modelBytes    = beam.NewDistribution(Namespace, "model_byte_size")
	loadLatency   = beam.NewDistribution(Namespace, "load_model_latency_milli_secs")
)

// Count adds a result to the counters. It must be called with the context of
// the bundle, from the bundle's goroutine.
func Count(ctx context.Context, r *Result) {
	if r.Err == nil && !r.Left {
		numInferences.Inc(ctx, 1)
	}
	if r.BatchSize > 0 {
		batchSize.Update(ctx, int64(r.BatchSize))
		batchLatency.Update(ctx, r.BatchTime.Microseconds())
	}
	if r.BatchFailed {
		failedBatches.Inc(ctx, 1)
	}
}

// CountLoad records how long the engine's model took to load and how large its
// weights are.
func (e *Engine) CountLoad(ctx context.Context) {
	loadLatency.Update(ctx, int64(e.loadTime/time.Millisecond))
	modelBytes.Update(ctx, e.modelBytes)
}
