// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"errors"
	"sync"
	"testing"
)

// twoLane is a fake that wants two batches at once.
type twoLane struct {
	fake
	meet func()
}

func (f *twoLane) Lanes() int { return 2 }

// meeting returns a function that waits until it is called by two at the same
// time, the first time; later calls return at once.
func meeting() func() {
	var both sync.WaitGroup
	both.Add(2)
	var mu sync.Mutex
	left := 2
	return func() {
		mu.Lock()
		first := left > 0
		if first {
			left--
			both.Done()
		}
		mu.Unlock()
		if first {
			both.Wait()
		}
	}
}

// TestLanes would not end if the batches ran one after the other.
func TestLanes(t *testing.T) {
	t.Parallel()
	list := tasks(t, 64, 12)
	f := &twoLane{fake: fake{size: 8, batch: 4}, meet: meeting()}
	f.fail = func([]float32) error { f.meet(); return nil }
	e := New(f, settings())
	wantPainted(t, all(t.Context(), e, list), painted(t, list))
	if s := e.Stats(); s.DeviceLanes != 2 || s.Inferences != 64 {
		t.Errorf("%d lanes took %d pictures, want 2 and 64", s.DeviceLanes, s.Inferences)
	}
}

// TestLanesShrinkOnce: of two batches that find the memory too small at the same
// time one halves, and the other tries again with that.
func TestLanesShrinkOnce(t *testing.T) {
	t.Parallel()
	list := tasks(t, 64, 12)
	f := &twoLane{fake: fake{size: 8, batch: 8}, meet: meeting()}
	f.fail = func(gray []float32) error {
		f.meet()
		if f.count(gray) > 4 {
			return errors.New("RESOURCE_EXHAUSTED: out of memory")
		}
		return nil
	}
	e := New(f, settings())
	wantPainted(t, all(t.Context(), e, list), painted(t, list))
	most, turn := e.steps.now()
	if most != 4 || turn != 1 || e.Stats().Halved != 1 {
		t.Errorf("at most %d pictures after %d halvings (%d counted), want 4 after 1", most, turn, e.Stats().Halved)
	}
}
