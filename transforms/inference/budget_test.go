// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	pjpeg "github.com/chromabeam/chromabeam/transforms/pixel/jpeg"
)

// slope is a gray picture without two equal neighbours.
func slope(width, height int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = uint8(40 + i%width*3%170 + i/width%29)
	}
	return m
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBudgetIsKept looks at the budget whenever the engine calls out: what is used
// never exceeds it, and a picture that needs more than all of it has it alone.
func TestBudgetIsKept(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MemoryBudget, s.Workers = 2<<20+7, 4
	var e *Engine
	var peak, alone, inStore atomic.Int64
	look := func() {
		used := e.Stats().BudgetUsed
		for old := peak.Load(); used > old; old = peak.Load() {
			peak.CompareAndSwap(old, used)
		}
	}
	e = New(&fake{size: 8, batch: 4, fail: func([]float32) error { look(); return nil }}, s)
	small, huge := jpegOf(t, slope(300, 200)), pngOf(t, slope(1500, 1000))
	need := e.estimate(huge, &Task{Format: FormatPNG})
	if need < 2*s.MemoryBudget {
		t.Fatalf("the large picture needs %d bytes: too few for this test", need)
	}
	var list []*Task
	for i := range 60 {
		data, format := small, FormatJPEG
		if i%7 == 3 {
			data, format = huge, FormatPNG
		}
		list = append(list, &Task{
			Format: format, Size: int64(len(data)),
			Load: func(context.Context) ([]byte, error) { look(); return data, nil },
			Store: func(_ context.Context, r *Result) error {
				look()
				n := inStore.Add(1)
				defer inStore.Add(-1)
				if r.Width == 1500 && n == 1 && e.budget.pictures.used.Load() == e.budget.pictures.size {
					alone.Add(1)
				}
				return nil
			},
		})
	}
	for i, r := range all(t.Context(), e, list) {
		if r.Err != nil {
			t.Errorf("picture %d: %v", i, r.Err)
		}
	}
	if got := peak.Load(); got > s.MemoryBudget || got < s.MemoryBudget/2 {
		t.Errorf("at most %d bytes of %d were used", got, s.MemoryBudget)
	}
	if got := alone.Load(); got != 9 {
		t.Errorf("%d of 9 large pictures had the budget alone", got)
	}
	wantIdle(t, e)
	if used := e.Stats().BudgetUsed; used != 0 {
		t.Errorf("%d bytes are used in the end", used)
	}
}

// TestBudgetAfterDecoding: when a picture is at the network it holds what it still
// needs, and its file nothing.
func TestBudgetAfterDecoding(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MemoryBudget = 16<<20 + 3 // its own
	var e *Engine
	var files, pictures int64
	e = New(&fake{size: 8, batch: 1, fail: func([]float32) error {
		files, pictures = e.budget.files.used.Load(), e.budget.pictures.used.Load()
		return nil
	}}, s)
	photo, deep := jpegOf(t, slope(900, 700)), pngOf(t, image.NewGray16(image.Rect(0, 0, 900, 700)))
	luma, err := pjpeg.ReadLuma(photo)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		data []byte
		kept *pjpeg.Luma
	}{"kept": {photo, luma}, "recoded": {deep, nil}} {
		task := &Task{Format: FormatJPEG, Size: int64(len(tt.data)), Load: loads(tt.data)}
		if r := all(t.Context(), e, []*Task{task})[0]; r.Err != nil {
			t.Fatal(r.Err)
		}
		all := int64(len(tt.data)) + e.estimate(tt.data, task)
		if want := e.rest(tt.data, task, tt.kept); files != 0 || pictures != want || want >= all {
			t.Errorf("%s: %d bytes for files and %d for pictures of %d, want 0 and %d", name, files, pictures, all, want)
		}
	}
}

// TestBudgetIsTakenInOrder: a picture that has been read early does not take what
// those in front of it may need, whose results are waited for first.
func TestBudgetIsTakenInOrder(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MemoryBudget = 1<<20 + 11 // its own
	e := New(&fake{size: 8, batch: 1}, s)
	data, read := flat(t, 900, 1), make(chan struct{}) // more than the budget
	first := func(context.Context) ([]byte, error) {
		<-read
		for range 10_000 { // so that the second would have the time
			if runtime.Gosched(); e.budget.pictures.used.Load() > 0 {
				return nil, errors.New("the second has budget before the first")
			}
		}
		return data, nil
	}
	second := func(context.Context) ([]byte, error) {
		close(read)
		return data, nil
	}
	for i, r := range all(t.Context(), e, []*Task{{Format: FormatPNG, Load: first}, {Format: FormatPNG, Load: second}}) {
		if r.Err != nil {
			t.Errorf("picture %d: %v", i, r.Err)
		}
	}
	wantIdle(t, e)
}

func TestEstimateSurvivesAnything(t *testing.T) {
	t.Parallel()
	e := New(&fake{size: 8, batch: 1}, settings())
	for _, data := range [][]byte{nil, []byte("x"), []byte("\x89PNG\r\n\x1a\n"), []byte("BM"), []byte("II*\x00\xff\xff\xff\xff"), flat(t, 3, 1)[:30]} {
		if got := e.estimate(data, &Task{Format: FormatPNG}); got != 0 {
			t.Errorf("estimate(%q) = %d", data, got)
		}
	}
}

// TestEstimateKnowsTIFF: also the forms that package x/image does not read, with
// luma, its joined picture and the file for each pixel at least.
func TestEstimateKnowsTIFF(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../pixel/testdata/tiff/*.tif")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	e := New(&fake{size: 8, batch: 1}, settings())
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pic, err := pixel.Decode(data, pixel.DefaultLimits())
		if err != nil {
			continue // a form that nobody reads
		}
		seen++
		if got := e.estimate(data, &Task{Format: FormatPNG}); got < 6*int64(pic.Width)*int64(pic.Height) {
			t.Errorf("%s of %dx%d pixels is estimated at %d bytes", name, pic.Width, pic.Height, got)
		}
	}
	if seen < 5 {
		t.Errorf("%d files seen: too few for this test", seen)
	}
}

func TestEstimateKnowsTheLimits(t *testing.T) {
	t.Parallel()
	data := flat(t, 100, 1)
	for limit, want := range map[int64]bool{9999: false, 10000: true} {
		s := settings()
		s.Limits = pixel.Limits{MaxPixels: limit}
		if got := New(&fake{size: 8, batch: 1}, s).estimate(data, &Task{Format: FormatPNG}); want != (got >= 60000) {
			t.Errorf("with a limit of %d pixels a picture of 10,000 is estimated at %d bytes", limit, got)
		}
	}
}

// TestEstimates: each way takes what its planes take, and no way is estimated at
// less than it holds.
func TestEstimates(t *testing.T) {
	t.Parallel()
	gray, deep := slope(400, 250), image.NewGray16(image.Rect(0, 0, 400, 250))
	const pixels, network = 400 * 250, 8 * 4 * 64
	photo := jpegOf(t, gray)
	luma, err := pjpeg.ReadLuma(photo)
	if err != nil {
		t.Fatal(err)
	}
	kept := pjpeg.LumaBytes(photo) + 2*int64(len(photo)) + network
	keptRest := luma.Bytes() + int64(len(photo)) + network
	if keptRest >= kept {
		t.Errorf("a luma that was read takes %d bytes, which is not less than the estimate of %d", keptRest, kept)
	}
	for name, tt := range map[string]struct {
		data       []byte
		format     Format
		way        string
		change     func(*Settings)
		peak, rest int64 // rest without the file
	}{
		"kept":             {photo, FormatJPEG, wayKept, func(*Settings) {}, max(kept, 3*pixels+network), keptRest},
		"recoded":          {photo, FormatJPEG, wayRecoded, func(s *Settings) { s.RecodeLuma = true }, 3*pixels + network, 3*pixels + network},
		"side by side":     {photo, FormatJPEG, wayRecoded, func(s *Settings) { s.SideBySide = true }, 10*pixels + network, 10*pixels + network},
		"png":              {pngOf(t, gray), FormatPNG, wayPNG, func(*Settings) {}, 6*pixels + network, 6*pixels + network},
		"png of 16 bits":   {pngOf(t, deep), FormatPNG, wayPNG, func(*Settings) {}, 12*pixels + network, 12*pixels + network},
		"jpeg of 16 bits":  {pngOf(t, deep), FormatJPEG, wayRecoded, func(*Settings) {}, 4*pixels + network, 3*pixels + network},
		"png side by side": {pngOf(t, gray), FormatPNG, wayPNG, func(s *Settings) { s.SideBySide = true }, 14*pixels + network, 14*pixels + network},
	} {
		s := settings()
		tt.change(&s)
		e := New(&fake{size: 8, batch: 1}, s)
		task := &Task{Format: tt.format}
		if got := e.estimate(tt.data, task); got != tt.peak {
			t.Errorf("%s: estimated at %d bytes, want %d", name, got, tt.peak)
		}
		var read *pjpeg.Luma
		if tt.way == wayKept {
			read = luma
		}
		if got := e.rest(tt.data, task, read) - int64(len(tt.data)); got != tt.rest {
			t.Errorf("%s: %d bytes stay, want %d", name, got, tt.rest)
		}
	}
}
