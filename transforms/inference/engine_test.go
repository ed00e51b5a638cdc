// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/modeltest"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// fake is a network that paints a color which follows from the gray value
// alone, and fails or panics where it is told to.
type fake struct {
	size, batch int
	fail        func(gray []float32) error

	mu      sync.Mutex
	batches []int
	running atomic.Int32
	crowded atomic.Bool // more than one batch at a time
}

func (f *fake) Size() int    { return f.size }
func (f *fake) Batch() int   { return f.batch }
func (f *fake) Hash() string { return "fake" }

func (f *fake) Colorize(_ context.Context, gray []float32) ([]float32, error) {
	if f.running.Add(1) > 1 {
		f.crowded.Store(true)
	}
	defer f.running.Add(-1)
	f.mu.Lock()
	f.batches = append(f.batches, len(gray)/(f.size*f.size))
	f.mu.Unlock()
	if f.fail != nil {
		if err := f.fail(gray); err != nil {
			return nil, err
		}
	}
	out := make([]float32, 0, 3*len(gray))
	for _, v := range gray {
		out = append(out, v, -v, v/2)
	}
	return out, nil
}

func settings() Settings {
	return Settings{Model: "fake", Batch: 4, Quality: 90, Strength: 100, Workers: 3, MemoryBudget: 64 << 20, Limits: pixel.DefaultLimits()}
}

// flat is the file of a picture of one gray value.
func flat(t testing.TB, side int, v uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, side, side))
	for i := range m.Pix {
		m.Pix[i] = v
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func loads(data []byte) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return data, nil }
}

// all runs tasks through a stream as a bundle does.
func all(ctx context.Context, e *Engine, tasks []*Task) []*Result {
	s := e.NewStream(ctx)
	defer s.Close()
	var out []*Result
	take := func(r *Result) {
		kept := *r
		out = append(out, &kept)
		r.Release()
	}
	for _, t := range tasks {
		for s.Full() {
			take(s.Next())
		}
		s.Submit(t)
		for r := s.Ready(); r != nil; r = s.Ready() {
			take(r)
		}
	}
	for r := s.Next(); r != nil; r = s.Next() {
		take(r)
	}
	return out
}

func tasks(t testing.TB, n, side int) []*Task {
	var out []*Task
	for i := range n {
		out = append(out, &Task{Format: FormatPNG, Load: loads(flat(t, side, uint8(i*7))), Value: i})
	}
	return out
}

func TestStreamKeepsOrderAndFillsBatches(t *testing.T) {
	t.Parallel()
	f := &fake{size: 8, batch: 4}
	results := all(t.Context(), New(f, settings()), tasks(t, 100, 16))
	for i, r := range results {
		if r.Err != nil || r.Task.Value != i || len(r.Data) == 0 {
			t.Fatalf("result %d: task %v, %d bytes, error %v", i, r.Task.Value, len(r.Data), r.Err)
		}
	}
	if len(results) != 100 {
		t.Errorf("%d results, want 100", len(results))
	}
	sum := 0
	for _, n := range f.batches {
		sum += n
	}
	if sum != 100 || f.crowded.Load() {
		t.Errorf("%d pictures went through the network (crowded: %v), want 100", sum, f.crowded.Load())
	}
	// At a bundle's end a batch may start short; before it must be full.
	if full := len(f.batches) - len(slices.DeleteFunc(slices.Clone(f.batches), func(n int) bool { return n == 4 })); full < 23 {
		t.Errorf("batches %v: want nearly all full", f.batches)
	}
	if results[0].Width != 16 || results[0].Height != 16 {
		t.Errorf("result has %dx%d pixels", results[0].Width, results[0].Height)
	}
}

func TestBytesDoNotDependOnCompany(t *testing.T) {
	t.Parallel()
	list := tasks(t, 40, 12)
	want := map[any][]byte{}
	for _, r := range all(t.Context(), New(&fake{size: 8, batch: 1}, settings()), list) {
		want[r.Task.Value] = r.Data
	}
	slices.Reverse(list)
	s := settings()
	s.Workers = 1
	for _, r := range all(t.Context(), New(&fake{size: 8, batch: 7}, s), list) {
		if !bytes.Equal(r.Data, want[r.Task.Value]) {
			t.Errorf("picture %v has other bytes", r.Task.Value)
		}
	}
}

func TestFaultsStayWithTheirPicture(t *testing.T) {
	t.Parallel()
	list := tasks(t, 24, 12)
	list[3].Load = func(context.Context) ([]byte, error) { panic("reader") }
	list[5].Load = loads([]byte("no picture"))
	list[7].Load = func(context.Context) ([]byte, error) { return nil, fault.Picture(fault.StageRead, "gone") }
	list[9].Store = func(context.Context, *Result) error { panic("store") }
	list[11].Format = "tiff"
	list[13].Load = loads(flat(t, 12, 200)) // poison for the network
	list[17].Load = loads(flat(t, 12, 201)) // makes it panic
	f := &fake{size: 8, batch: 4, fail: func(gray []float32) error {
		for i := 0; i < len(gray); i += 64 {
			switch v := gray[i]*127.5 + 127.5; {
			case v > 200.5 && v < 201.5:
				panic("network")
			case v > 199.5 && v < 200.5:
				return errors.New("out of range")
			}
		}
		return nil
	}}
	want := map[int]string{
		3: "read: internal error: panic: reader", 5: "decode: ", 7: "read: gone", 9: "write: internal error: panic: store",
		11: "encode: cannot be written", 13: "infer: the network failed: out of range", 17: "infer: the network failed: running the network: panic: network",
	}
	failed := false
	for i, r := range all(t.Context(), New(f, settings()), list) {
		failed = failed || r.BatchFailed
		var p *fault.PictureError
		switch text, bad := want[i]; {
		case !bad && r.Err != nil:
			t.Errorf("picture %d: %v", i, r.Err)
		case bad && (!errors.As(r.Err, &p) || !strings.HasPrefix(r.Err.Error(), text)):
			t.Errorf("picture %d: error %v, want %q", i, r.Err, text)
		}
	}
	if !failed {
		t.Error("no batch is marked as failed")
	}
}

// TestAbandonedPicturesSkipTheDevice: nobody wants the colours of a stream that is
// cancelled.
func TestAbandonedPicturesSkipTheDevice(t *testing.T) {
	t.Parallel()
	f := &fake{size: 8, batch: 1}
	own := settings()
	own.MemoryBudget += 20 // budgets are shared by size
	e := New(f, own)
	s := e.NewStream(t.Context())
	p := &picture{stream: s, done: make(chan struct{}), gray: make([]float32, 64)}
	s.work.Add(1)
	s.cancel()
	e.batches.change(func() { e.batches.running++ })
	e.infer([]*picture{p})
	if <-p.done; !errors.Is(p.result.Err, context.Canceled) || len(f.batches) > 0 {
		t.Errorf("error %v after %d batches", p.result.Err, len(f.batches))
	}
	s.Close()
	wantIdle(t, e)
}

// TestEncodingThatPanics: what no one has thought of is the picture's fault.
func TestEncodingThatPanics(t *testing.T) {
	t.Parallel()
	e := New(&fake{size: 8, batch: 1}, settings())
	s := e.NewStream(t.Context())
	defer s.Close()
	p := &picture{stream: s, result: Result{Task: &Task{Format: FormatPNG}}}
	p.luma = slope(20, 10)
	_, p.box = pixel.FitLetterbox(p.luma, 8)
	err := p.join(e, nil) // without the network's output
	var bad *fault.PictureError
	if !errors.As(err, &bad) || bad.Stage != fault.StageEncode || bad.Reason != "internal error" {
		t.Errorf("error %v", err)
	}
}

func TestDeadDeviceEndsTheJob(t *testing.T) {
	t.Parallel()
	f := &fake{size: 8, batch: 4, fail: func([]float32) error { return errors.New("device lost") }}
	var ended int
	for _, r := range all(t.Context(), New(f, settings()), tasks(t, 40, 8)) {
		if errors.Is(r.Err, ErrDevice) {
			ended++
		}
	}
	if ended < 40-maxFailures {
		t.Errorf("%d of 40 pictures say that the device is dead", ended)
	}
}

// TestBudget runs several streams with pictures that need much of the budget
// or more than all of it: it must neither be exceeded nor lead to a deadlock.
func TestBudget(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MemoryBudget = 1<<20 + 1 // its own: budgets are shared by size
	e := New(&fake{size: 8, batch: 4}, s)
	small, large, huge := flat(t, 40, 1), flat(t, 250, 2), flat(t, 900, 3)
	if need := int64(len(huge)) + e.estimate(huge, &Task{Format: FormatPNG}); need < s.MemoryBudget {
		t.Fatalf("the largest picture needs %d bytes: too few for this test", need)
	}
	var work sync.WaitGroup
	for i := range 4 {
		work.Go(func() {
			var list []*Task
			for j := range 60 {
				data := small
				switch (i + j) % 6 {
				case 0, 1:
					data = large
				case 2:
					data = huge
				}
				task := &Task{Format: FormatPNG, Size: int64(len(data)), Load: loads(data)}
				if j%3 == 0 {
					task.Size = s.MemoryBudget // what an index promises need not be so
				}
				if j%2 == 0 {
					task.Store = func(context.Context, *Result) error { return nil }
				}
				list = append(list, task)
			}
			for j, r := range all(t.Context(), e, list) {
				if r.Err != nil {
					t.Errorf("stream %d, picture %d: %v", i, j, r.Err)
				}
			}
		})
	}
	work.Wait()
	wantIdle(t, e)
}

// wantIdle checks that nothing is counted as being on its way, and that all of
// the budget is there. No other test may share the engine's budget.
func wantIdle(t *testing.T, e *Engine) {
	t.Helper()
	b := e.batches
	b.mu.Lock()
	defer b.mu.Unlock()
	got := fmt.Sprint(len(b.pending), b.upstream, b.waiting, b.decoding)
	if got != "0 0 0 0" {
		t.Errorf("pending, upstream, waiting, decoding = %s, want zeros", got)
	}
	for name, share := range map[string]share{"files": e.budget.files, "pictures": e.budget.pictures} {
		if !share.TryAcquire(share.size) {
			t.Errorf("budget for %s was not given back", name)
			continue
		}
		share.Release(share.size)
	}
}

// TestBudgetCoversFiles counts the bytes that are being read or have been read
// and wait: never more than the share of the budget for files, whatever the
// number of workers, but more than one file at a time.
func TestBudgetCoversFiles(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MemoryBudget, s.Workers = 4<<20+3, 8
	e := New(&fake{size: 8, batch: 4}, s)
	data := flat(t, 40, 1)
	size := e.budget.files.size / 3
	var reading, most atomic.Int64
	pair := make(chan struct{}) // the first two readers wait for each other
	list := make([]*Task, 40)
	for i := range list {
		list[i] = &Task{Format: FormatPNG, Size: size, Load: func(context.Context) ([]byte, error) {
			now := reading.Add(size)
			defer reading.Add(-size)
			for most.Load() < now {
				most.CompareAndSwap(most.Load(), max(now, most.Load()))
			}
			switch i {
			case 0:
				<-pair
			case 1:
				close(pair)
			}
			return data, nil
		}}
	}
	for i, r := range all(t.Context(), e, list) {
		if r.Err != nil {
			t.Errorf("picture %d: %v", i, r.Err)
		}
	}
	if got := most.Load(); got > e.budget.files.size || got < 2*size {
		t.Errorf("at most %d bytes were being read at once, want %d to %d", got, 2*size, e.budget.files.size)
	}
	wantIdle(t, e)
}

// TestReadingDoesNotWaitForDecoding: more files are read at once than pictures are
// decoded. The readers wait for each other.
func TestReadingDoesNotWaitForDecoding(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Workers = 1
	data := flat(t, 12, 1)
	var reading atomic.Int32
	together := make(chan struct{})
	list := make([]*Task, 1+readAhead)
	for i := range list {
		list[i] = &Task{Format: FormatPNG, Load: func(context.Context) ([]byte, error) {
			if int(reading.Add(1)) == len(list) {
				close(together)
			}
			<-together
			return data, nil
		}}
	}
	for i, r := range all(t.Context(), New(&fake{size: 8, batch: 4}, s), list) {
		if r.Err != nil {
			t.Errorf("picture %d: %v", i, r.Err)
		}
	}
}

// TestTimes: a result has the times of its own stages.
func TestTimes(t *testing.T) {
	t.Parallel()
	task := &Task{Format: FormatPNG, Load: loads(flat(t, 50, 90)), Store: func(context.Context, *Result) error { return nil }}
	e := New(&fake{size: 8, batch: 1}, settings())
	r := all(t.Context(), e, []*Task{task})[0]
	got := e.Stats()
	if r.StoreTime <= 0 || r.ReadTime != got.ReadBusy || r.DecodeTime+r.EncodeTime != got.CodecBusy || r.BatchTime != got.DeviceBusy || r.StoreTime != got.StoreBusy {
		t.Errorf("read %v, decode %v, batch %v, encode %v, store %v; the engine says %+v", r.ReadTime, r.DecodeTime, r.BatchTime, r.EncodeTime, r.StoreTime, got)
	}
}

// TestClose abandons streams at different moments, as a bundle does after an
// error: nothing may stay behind and the engine must go on working.
func TestClose(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MemoryBudget = 1<<20 + 2
	e := New(&fake{size: 8, batch: 4}, s)
	for n := range 12 {
		ctx, cancel := context.WithCancel(t.Context())
		stream := e.NewStream(ctx)
		for _, task := range tasks(t, n, 200) {
			stream.Submit(task)
		}
		if n%2 == 0 {
			cancel()
		}
		if n%3 == 0 && n > 0 {
			stream.Next().Release()
		}
		stream.Close()
		cancel()
	}
	wantIdle(t, e)
	for i, r := range all(t.Context(), e, tasks(t, 9, 30)) {
		if r.Err != nil {
			t.Errorf("picture %d after closing: %v", i, r.Err)
		}
	}
	wantIdle(t, e)
}

func TestThumbnails(t *testing.T) {
	t.Parallel()
	task := &Task{Format: FormatPNG, Load: loads(flat(t, 700, 90)), Thumbnails: true}
	r := all(t.Context(), New(&fake{size: 8, batch: 4}, settings()), []*Task{task})[0]
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	for name, data := range map[string][]byte{"before": r.Before, "after": r.After} {
		cfg, kind, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil || kind != "jpeg" || cfg.Width != ThumbnailSide || cfg.Height != ThumbnailSide {
			t.Errorf("%s: %s of %dx%d, %v", name, kind, cfg.Width, cfg.Height, err)
		}
	}
	if _, err := Thumbnail(image.NewGray(image.Rect(0, 0, 0, 3))); err == nil {
		t.Error("an empty picture got a thumbnail")
	}
	if _, err := Thumbnail(image.NewGray(image.Rect(0, 0, 3000, 1))); err != nil {
		t.Error(err)
	}
}

func TestSettingsValidate(t *testing.T) {
	t.Parallel()
	err := Settings{Quality: 101, Strength: -1, RenderSize: 31, Workers: -1}.Validate()
	for _, want := range []string{"model must", "batch must be in [1, 1024], got 0", "quality must be in [1, 100], got 101",
		"strength must be in [0, 100], got -1", "render size must be 0 or in [32, 2048], got 31", "workers", "budget", "limits"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Validate = %v, want %q in it", err, want)
		}
	}
	if err := settings().Validate(); err != nil {
		t.Error(err)
	}
	if err := Format("gif").Validate(); err == nil {
		t.Error("format gif is valid")
	}
}

// TestOpen loads a real network at another size than that of its training.
func TestOpen(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Model, s.Backend, s.RenderSize = modeltest.Tiny(t), model.BackendGo, 48
	e, giveBack, err := Lease(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	data := jpegOf(t, slope(100, 70))
	first, err := e.Colorize(t.Context(), data, FormatJPEG)
	if err != nil || e.Size() != 48 || e.Backend() != model.BackendGo {
		t.Fatalf("size %d on %s, %v", e.Size(), e.Backend(), err)
	}
	second, err := e.Colorize(t.Context(), data, FormatJPEG)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the same picture has other bytes, %v", err)
	}
	if got := e.Stats(); got.Kept != 2 || got.Halved != 0 || got.DeviceBusy <= 0 || got.CodecBusy <= 0 {
		t.Errorf("stats %+v", got)
	}
	if err := giveBack(); err != nil {
		t.Error(err)
	}
	s.RenderSize = 50
	if _, _, err := Lease(t.Context(), s); err == nil || !strings.Contains(err.Error(), "render size must be a multiple of 8") {
		t.Errorf("a size of 50 px: %v", err)
	}
}

func BenchmarkStream(b *testing.B) {
	e := New(&fake{size: 64, batch: 8}, settings())
	list := tasks(b, 64, 64)
	for b.Loop() {
		all(b.Context(), e, list)
	}
	b.ReportMetric(float64(64*b.N)/b.Elapsed().Seconds(), "pictures/s")
}
