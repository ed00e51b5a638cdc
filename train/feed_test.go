// SPDX-License-Identifier: Apache-2.0

package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// gathering plans executions that read pictures and nothing else.
func gathering(p *pictures, b *model.Backend, picks func(e int64) []int32) func(e int64) func() (input, error) {
	return func(e int64) func() (input, error) {
		indices := picks(e)
		return func() (in input, err error) {
			err = p.add(&in, b, indices)
			return in, err
		}
	}
}

// TestFeed reads a few epochs with different memories, and compares bytes.
func TestFeed(t *testing.T) {
	t.Parallel()
	const count, size = 5, 16
	data := dataset(t, size, count, 0)
	b := goBackend(t)
	for name, memory := range map[string]int64{"nothing kept": 0, "some kept": 2*4*size*size + 1, "all kept": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			p := openTrain(t, data, memory)
			picks := func(step int64) []int32 { return []int32{int32(step) % count, int32(step+2) % count} }
			f := startFeed(t.Context(), 3, 3+3*count, gathering(p, b, picks))
			defer f.stop()
			for step := int64(3); step < 3+3*count; step++ {
				in, err := f.next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				var gray, color []byte
				for _, i := range picks(step) {
					one, err := p.decode(int(i))
					if err != nil {
						t.Fatal(err)
					}
					gray, color = append(gray, one.gray...), append(color, one.color...)
				}
				if !bytes.Equal(tensors.MustCopyFlatData[uint8](in.owned[0]), gray) ||
					!bytes.Equal(tensors.MustCopyFlatData[uint8](in.owned[1]), color) {
					t.Errorf("step %d has other pictures than %v", step, picks(step))
				}
				in.finalize()
			}
			if _, err := f.next(t.Context()); err == nil || errors.Is(err, context.Canceled) {
				t.Errorf("a feed at its end gives %v, want an error that is no interruption", err)
			}
			if left := p.budget.Load(); left < 0 || memory > 0 && left == memory {
				t.Errorf("%d bytes of %d are left, want some to be used and no more than there are", left, memory)
			}
		})
	}
}

func TestFeedStops(t *testing.T) {
	t.Parallel()
	p := openTrain(t, dataset(t, 16, 4, 0), 0)
	ctx, cancel := context.WithCancel(t.Context())
	f := startFeed(ctx, 0, 1<<40, gathering(p, goBackend(t), func(int64) []int32 { return []int32{0} }))
	cancel()
	for {
		in, err := f.next(ctx)
		if err != nil {
			break
		}
		in.finalize()
	}
	f.stop() // returns, although most steps are never taken
}

// TestFeedEnds asks a feed whose context has ended for more, often enough for
// both ways in which it notices.
func TestFeedEnds(t *testing.T) {
	t.Parallel()
	p := openTrain(t, dataset(t, 16, 4, 0), 0)
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for range 20 {
		f := startFeed(ctx, 0, 1<<40, gathering(p, goBackend(t), func(int64) []int32 { return []int32{0} }))
		for {
			in, err := f.next(ctx)
			if err == nil {
				in.finalize()
				continue
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a feed after its deadline gives %v, want %v", err, context.DeadlineExceeded)
			}
			break
		}
		f.stop()
	}
}

// TestFeedDamaged changes a byte inside a picture: either feed names it.
func TestFeedDamaged(t *testing.T) {
	t.Parallel()
	data := dataset(t, 16, 3, 0)
	path := filepath.Join(data, shard.Name(shard.Train, 0))
	tar := readFile(t, path)
	at := bytes.Index(tar, []byte("IDAT"))
	tar[at+8] ^= 0x40
	if err := os.WriteFile(path, tar, 0o644); err != nil {
		t.Fatal(err)
	}
	key := openTrain(t, data, 0).reader.Key(0)
	for _, mode := range []FeedMode{FeedStream, FeedDevice} {
		o := Options{Recipe: tinyRecipe(), Data: data, Output: filepath.Join(t.TempDir(), "run"), Backend: goBackend(t), Feed: mode}
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "goroutine") {
			t.Errorf("%s: a damaged picture gives %v, want an error naming its key %s", mode, err, key)
		}
	}
}

// TestFeedPanics turns a panic on a goroutine of the feed into an error.
func TestFeedPanics(t *testing.T) {
	t.Parallel()
	f := startFeed(t.Context(), 0, 1, func(int64) func() (input, error) {
		return func() (input, error) { panic("the device is gone") }
	})
	defer f.stop()
	if _, err := f.next(t.Context()); err == nil || !strings.Contains(err.Error(), "the device is gone") {
		t.Errorf("a panic gives %v", err)
	}
}

func BenchmarkFeed(b *testing.B) {
	p := openTrain(b, dataset(b, 64, 32, 0), 0)
	device := goBackend(b)
	f := startFeed(b.Context(), 0, 1<<40, gathering(p, device, func(step int64) []int32 { return []int32{int32(step) % 32} }))
	defer f.stop()
	for b.Loop() {
		in, err := f.next(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		in.finalize()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "img/s")
}
