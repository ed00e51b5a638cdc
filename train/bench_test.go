// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"testing"
)

// BenchmarkStep takes whole training steps on pictures that stay on the device,
// as they are measured elsewhere; see [TimedRecipe]. A picture of the generator's
// batch counts once.
func BenchmarkStep(b *testing.B) {
	device := xlaBackend(b)
	for _, size := range []struct{ side, batch int }{{64, 8}, {256, 4}} {
		for _, kind := range TimedKinds() {
			b.Run(fmt.Sprintf("%s/%dpx/b%d", kind, size.side, size.batch), func(b *testing.B) {
				r, err := TimedRecipe(kind, size.side, size.batch)
				if err != nil {
					b.Fatal(err)
				}
				benchmarkSteps(b, TimeOptions{Recipe: r, Backend: device, Repeat: Repeat{Warmup: 1, Count: 1}})
			})
		}
	}
}

// benchmarkSteps times steps as [TimeSteps] does, as many as b wants.
func benchmarkSteps(b *testing.B, o TimeOptions) {
	if err := o.Validate(); err != nil {
		b.Fatal(err)
	}
	s, err := newTimedStage(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	defer s.close()
	if _, err := s.warmUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.step(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := s.l1(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N*o.Recipe.TrainBatchSize)/b.Elapsed().Seconds(), "img/s")
	b.ReportMetric(float64(b.N)*float64(StepFLOPs(o.Recipe, s.stage.Kind))/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
