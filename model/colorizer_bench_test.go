// SPDX-License-Identifier: Apache-2.0

package model_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/modeltest"
)

// BenchmarkColorize times the recipes' two networks on xla:cpu, in milliseconds
// a picture.
func BenchmarkColorize(b *testing.B) {
	backend, err := model.OpenBackend(model.BackendCPU)
	if err != nil {
		b.Skipf("no XLA: %v", err)
	}
	b.Cleanup(backend.Finalize)
	for _, size := range []int{64, 256} {
		config := model.GeneratorConfig{Size: size, InChannels: 1, OutChannels: 3, Downs: 7, Filters: 64, Norm: model.NormBatch}
		if size == 64 {
			config.Downs = 6
		}
		run := modeltest.Write(b, config, 1)
		for _, batch := range []int{1, 8, 16} {
			b.Run(fmt.Sprintf("%dpx/batch_%d", size, batch), func(b *testing.B) {
				c, err := model.OpenColorizer(backend, run, model.ColorizerOptions{Batch: batch})
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = c.Close() }()
				gray := grays(batch, size)
				for b.Loop() {
					if _, err := c.Colorize(context.Background(), gray); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N*batch), "ms/picture")
			})
		}
	}
}
