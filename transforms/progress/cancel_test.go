// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"context"
	"errors"
	"testing"
)

func TestBind(t *testing.T) {
	t.Parallel()
	type key struct{}
	for _, end := range []string{"driver", "worker", "itself"} {
		driver, endDriver := context.WithCancel(t.Context())
		worker, endWorker := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		ctx, stop := Bind(WithDriver(worker, driver))
		if ctx.Err() != nil || ctx.Value(key{}) != "value" {
			t.Errorf("bound context has error %v, value %v", ctx.Err(), ctx.Value(key{}))
		}
		map[string]func(){"driver": endDriver, "worker": endWorker, "itself": stop}[end]()
		<-ctx.Done()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("%s ended: %v", end, ctx.Err())
		}
		endDriver()
		endWorker()
		stop()
	}
	ctx, stop := Bind(t.Context())
	if ctx.Err() != nil {
		t.Errorf("without a driver: %v", ctx.Err())
	}
	stop()
	if ctx.Err() == nil {
		t.Error("a stopped context goes on")
	}
}
