// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"errors"
	"sync"
	"testing"
)

func TestJob(t *testing.T) {
	t.Parallel()
	j, other := Start(), Start()
	defer other.End()
	if j.ID() == other.ID() || Find(j.ID()) != j || Find(other.ID()) != other {
		t.Error("jobs are mixed up")
	}
	j.SetTotal(100)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { Find(j.ID()).Add(10) })
	}
	all.Wait()
	if j.Done() != 100 || j.Total() != 100 || other.Done() != 0 {
		t.Errorf("done %d of %d, other %d", j.Done(), j.Total(), other.Done())
	}
	j.End()
	if Find(j.ID()) != nil {
		t.Error("a job that has ended is still found")
	}
}

// TestNil is what happens on a machine that the driver does not share.
func TestNil(t *testing.T) {
	t.Parallel()
	j := Find("elsewhere")
	j.Add(1)
	j.SetTotal(1)
	j.Reject(1)
	err := errors.New("boom")
	if !errors.Is(j.Fail(err), err) || j.Err() != nil || j.Done() != 0 || j.Total() != 0 || j.State() != (State{}) {
		t.Errorf("a job that is not here counts: %+v", j)
	}
	j.Report(func(int64, int64) { t.Error("reported") })()
}

func TestFail(t *testing.T) {
	t.Parallel()
	j := Start()
	defer j.End()
	first, second := errors.New("first"), errors.New("second")
	if j.Fail(nil) != nil || j.Err() != nil {
		t.Error("no error became one")
	}
	if !errors.Is(j.Fail(first), first) || !errors.Is(j.Fail(second), second) || !errors.Is(j.Err(), first) {
		t.Errorf("Err = %v, want the first error", j.Err())
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	j := Start()
	defer j.End()
	j.SetTotal(3)
	var seen [][2]int64
	stop := j.Report(func(done, total int64) { seen = append(seen, [2]int64{done, total}) })
	j.Add(3)
	stop()
	stop() // again does nothing
	if last := seen[len(seen)-1]; last != [2]int64{3, 3} {
		t.Errorf("the last report is %v of all %v", last, seen)
	}
	j.Report(nil)()
}

func TestWatch(t *testing.T) {
	t.Parallel()
	j := Start()
	defer j.End()
	j.SetTotal(3)
	var last State
	stop := j.Watch(func(s State) { last = s })
	j.Reject(1)
	j.Add(3)
	stop()
	if want := (State{Done: 3, Total: 3, Rejects: 1}); last != want {
		t.Errorf("the last state is %+v, want %+v", last, want)
	}
	j.Watch(nil)()
}
