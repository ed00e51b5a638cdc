// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// CodecOptions says which pictures to read and write.
type CodecOptions struct {
	Common
	// Width and Height are those of the pictures, in pixels.
	Width, Height int
	// Size is the side at which a network looks at them, and to which prepare
	// brings them.
	Size int
}

// CodecResult is what reading and writing pictures took.
type CodecResult struct {
	Bench   string     `json:"bench"` // "codec"
	Machine Machine    `json:"machine"`
	Width   int        `json:"width"`
	Height  int        `json:"height"`
	Size    int        `json:"size"`
	Rows    []CodecRow `json:"rows"`
}

// CodecRow is one way of handling a file, on one core or on all.
type CodecRow struct {
	// Way is "jpeg-kept", "jpeg", "png" or "prepare"; see [Codec].
	Way   string `json:"way"`
	Cores int    `json:"cores"`
	// Bytes is the size of the file that is read.
	Bytes             int64   `json:"file_bytes"`
	PicturesPerSecond float64 `json:"pictures_per_second"`
	// BytesPerSecond are those of files read.
	BytesPerSecond float64 `json:"bytes_per_second"`
	// Spread is that of one picture.
	Spread
	// Decode, Resize and Encode are the mean milliseconds of a picture's parts.
	Decode float64 `json:"decode_ms"`
	Resize float64 `json:"resize_ms"`
	Encode float64 `json:"encode_ms"`
}

// The limits of a made-up picture.
const (
	minSide   = 16
	maxPixels = 100_000_000
)

// Validate returns every problem of the options, joined.
func (o CodecOptions) Validate() error {
	problems := []error{o.Repeat.Validate()}
	fail := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if o.Width < minSide || o.Height < minSide {
		fail("pixels must be at least %dx%d, got %dx%d", minSide, minSide, o.Width, o.Height)
	} else if o.Width > maxPixels/o.Height {
		fail("pixels must be at most %d in all, got %dx%d", maxPixels, o.Width, o.Height)
	}
	if o.Size < 1 || o.Size > maxSide {
		fail("size must be in [1, %d], got %d", maxSide, o.Size)
	}
	return errors.Join(problems...)
}

// maxSide bounds a network's side.
const maxSide = 4096

// Codec times what bulk and prepare do to a picture beside the network, in memory,
// on one core and on all:
//
//   - jpeg-kept: bulk's way of a sequential JPEG. Its luma's coefficients are
//     kept; a reduced picture is fitted to the network, and made-up chroma written.
//   - jpeg: bulk's way of other JPEGs: decoded whole, joined, encoded.
//   - png: the same for PNG.
//   - prepare: a JPEG decoded as small as will do, cut square, and written as the
//     two PNGs of a sample.
//
// The picture is drawn: a sky and hills with the noise of a sensor.
func Codec(ctx context.Context, o CodecOptions) (CodecResult, error) {
	if err := o.Validate(); err != nil {
		return CodecResult{}, fault.AsRequest(err)
	}
	r := CodecResult{Bench: "codec", Machine: ReadMachine(o.Version, nil), Width: o.Width, Height: o.Height, Size: o.Size}
	ways, err := newWays(o)
	if err != nil {
		return CodecResult{}, err
	}
	for _, w := range ways {
		for _, cores := range coreCounts() {
			row, err := w.row(ctx, o.Common, cores)
			if err != nil {
				return CodecResult{}, err
			}
			r.Rows = append(r.Rows, row)
		}
	}
	return r, nil
}

// coreCounts are one and all, which may be the same.
func coreCounts() []int {
	if all := runtime.GOMAXPROCS(0); all > 1 {
		return []int{1, all}
	}
	return []int{1}
}

// row times a way on some cores.
func (w way) row(ctx context.Context, c Common, cores int) (row CodecRow, err error) {
	sums := stageSums{skip: c.Repeat.Warmup * cores}
	times, wall, err := inLanes(ctx, c, fmt.Sprintf("%s on %d", w.name, cores), cores, func(context.Context) error {
		var s stopwatch
		if err := w.work(&s); err != nil {
			return fmt.Errorf("timing %s: %w", w.name, err)
		}
		sums.add(s)
		return nil
	})
	if err != nil {
		return row, err
	}
	row = CodecRow{Way: w.name, Cores: cores, Bytes: int64(len(w.file)), Spread: NewSpread(times)}
	row.PicturesPerSecond = rate(float64(len(times)), milliseconds(wall))
	row.BytesPerSecond = row.PicturesPerSecond * float64(row.Bytes)
	row.Decode, row.Resize, row.Encode = sums.means()
	return row, nil
}

// stopwatch takes the times of a picture's parts.
type stopwatch struct {
	last  time.Time
	parts [3]time.Duration
}

// start begins the first part.
func (s *stopwatch) start() { s.last = time.Now() }

// lap ends a part: 0 for decoding, 1 for resizing, 2 for encoding.
func (s *stopwatch) lap(part int) {
	now := time.Now()
	s.parts[part] += now.Sub(s.last)
	s.last = now
}
