// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/chromabeam/chromabeam/transforms/failpoint/killtest"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
	"github.com/chromabeam/chromabeam/transforms/source"
)

const watchInterval = 30 * time.Second

// hooked is a source that fails at times, and tells when it has been listed.
type hooked struct {
	source.Source

	sighted func()
	fail    func() error
	listed  func()
}

func (h *hooked) List(ctx context.Context, yield func(source.Ref) error) error {
	if err := h.Source.List(ctx, yield); err != nil {
		return err
	}
	h.sighted()
	if err := h.fail(); err != nil {
		return err
	}
	h.listed()
	return nil
}

// watchFor goes through simulated rounds, with a listing in fifty that fails,
// and returns the memory in use after some of them.
func watchFor(t *testing.T, o Options, s *simulation, rounds int) (heap [2]uint64) {
	t.Helper()
	w, err := NewWatcher(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the listing broke off")
	fails := false
	fail := func() error {
		if fails {
			return broken
		}
		return nil
	}
	w.steady.Source = &hooked{w.driver.src, s.sighted, fail, s.listed}
	failed := 0
	now := time.Unix(1_700_000_000, 0)
	for i := 1; i <= rounds; i++ {
		s.step()
		now = now.Add(watchInterval)
		fails = i%50 == 0
		r, err := w.Round(t.Context(), now)
		if err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		if errors.Is(r.Err, broken) {
			failed++
			w.steady.Source = &hooked{w.driver.src, s.sighted, fail, s.listed} // which was opened anew
		}
		if r.Number != i || r.Pictures < r.Waiting+r.Done || r.Err == nil && r.Pictures > int64(len(s.files)) {
			t.Errorf("round %d: %+v with %d files", i, r, len(s.files))
		}
		switch i {
		case rounds / 5:
			heap[0] = heapInUse()
		case rounds:
			heap[1] = heapInUse()
		}
	}
	if failed != rounds/50 {
		t.Errorf("%d of %d rounds could not list, want %d", failed, rounds, rounds/50)
	}
	s.check(w.driver)
	sum, err := w.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sum.Pictures == 0 || sum.Pictures > int64(s.count) {
		t.Errorf("%+v after %d files", sum, s.count)
	}
	return heap
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestWatch: over many rounds every file is coloured once and a replaced one
// again, none is missed, none is read by half, and memory stays flat.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	o := tiny(t, dir, filepath.Join(t.TempDir(), "out"))
	o.Watch = watchInterval
	rounds := 1000
	if testing.Short() || killtest.Race {
		rounds = 100
	}
	heap := watchFor(t, o, newSimulation(t, &folderInbox{t: t, dir: dir}, true), rounds)
	t.Logf("%d KiB in use after a fifth of the rounds, %d KiB after all", heap[0]>>10, heap[1]>>10)
	if heap[1] > heap[0]+1<<20 {
		t.Errorf("memory in use grew from %d to %d bytes", heap[0], heap[1])
	}
}

// TestWatchBucket watches a prefix, with a bucket for the output too.
func TestWatchBucket(t *testing.T) {
	server := gcstest.Start(t)
	server.CreateBucket("bucket")
	server.Put("bucket", "in/notes.md", []byte("so that the prefix is there"))
	o := tiny(t, "gs://bucket/in", "gs://bucket/out")
	o.Watch = watchInterval
	watchFor(t, o, newSimulation(t, bucketInbox{server}, false), 100)
}
