// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"io"
	"sync"
	"time"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/pixel/jpeg"
)

// quality is that of JPEGs, bulk's own.
const quality = 90

// way is one way of handling a file.
type way struct {
	name string
	file []byte
	work func(s *stopwatch) error
}

// newWays draws the picture, encodes it and returns what can be done with it.
func newWays(o CodecOptions) ([]way, error) {
	picture := drawPicture(o.Width, o.Height)
	var asJPEG, asPNG bytes.Buffer
	if err := stdjpeg.Encode(&asJPEG, picture, &stdjpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encoding the made-up picture: %w", err)
	}
	if err := pixel.EncodePNG(&asPNG, picture); err != nil {
		return nil, fmt.Errorf("encoding the made-up picture: %w", err)
	}
	colors := noise(3 * o.Size * o.Size)
	return []way{
		{"jpeg-kept", asJPEG.Bytes(), func(s *stopwatch) error { return keepLuma(s, asJPEG.Bytes(), o.Size, colors) }},
		{"jpeg", asJPEG.Bytes(), func(s *stopwatch) error {
			return recode(s, asJPEG.Bytes(), o.Size, colors, func(luma *image.Gray, c pixel.Chroma) error {
				return stdjpeg.Encode(io.Discard, pixel.RecombineYCbCr(luma, c), &stdjpeg.Options{Quality: quality})
			})
		}},
		{"png", asPNG.Bytes(), func(s *stopwatch) error {
			return recode(s, asPNG.Bytes(), o.Size, colors, func(luma *image.Gray, c pixel.Chroma) error {
				return pixel.EncodePNG(io.Discard, pixel.RecombineRGB(luma, c))
			})
		}},
		{"prepare", asJPEG.Bytes(), func(s *stopwatch) error { return makePair(s, asJPEG.Bytes(), o.Size) }},
	}, nil
}

// keepLuma is what bulk does with a JPEG whose luma it keeps.
func keepLuma(s *stopwatch, file []byte, size int, colors []float32) error {
	s.start()
	luma, err := jpeg.ReadLuma(file)
	if err != nil {
		return err
	}
	s.lap(0)
	width, height := luma.Size()
	_, box := pixel.FitLetterbox(luma.Reduced(reduction(width, height, size)), size)
	s.lap(1)
	err = luma.WriteColor(io.Discard, jpeg.Chroma(pixel.ChromaFromNetwork(colors, size, box)),
		jpeg.WriteOptions{Quality: quality, Fit: pixel.FitSample})
	s.lap(2)
	return err
}

// reduction is bulk's: by how much sides may be divided so that a quarter more
// than the network's size is left.
func reduction(width, height, size int) int {
	for r := 8; r > 1; r /= 2 {
		if max(width, height)/r >= size+size/4 {
			return r
		}
	}
	return 1
}

// recode is what bulk does with other files.
func recode(s *stopwatch, file []byte, size int, colors []float32, encode func(*image.Gray, pixel.Chroma) error) error {
	s.start()
	p, err := pixel.Decode(file, pixel.DefaultLimits())
	if err != nil {
		return err
	}
	luma := p.Gray()
	s.lap(0)
	_, box := pixel.FitLetterbox(luma, size)
	s.lap(1)
	err = encode(luma, pixel.ChromaFromNetwork(colors, size, box))
	s.lap(2)
	return err
}

// makePair is what prepare does with a JPEG.
func makePair(s *stopwatch, file []byte, size int) error {
	s.start()
	p, err := pixel.DecodeAtLeast(file, pixel.DefaultLimits(), size+size/4)
	if err != nil {
		return err
	}
	rgb := p.RGB()
	s.lap(0)
	small := pixel.ResizeSquare(rgb, size, pixel.FitCrop)
	gray := small.Luma()
	s.lap(1)
	if err := pixel.EncodePNG(io.Discard, gray); err != nil {
		return err
	}
	err = pixel.EncodePNG(io.Discard, small)
	s.lap(2)
	return err
}

// stageSums adds up the parts of many pictures but for the first ones, which warm
// up. It is safe for concurrent use.
type stageSums struct {
	mu    sync.Mutex
	skip  int // pictures that are yet to be left out
	n     int
	parts [3]time.Duration
}

func (t *stageSums) add(s stopwatch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.skip > 0 {
		t.skip--
		return
	}
	t.n++
	for i, d := range s.parts {
		t.parts[i] += d
	}
}

// means are milliseconds a picture.
func (t *stageSums) means() (decode, resize, encode float64) {
	n := float64(max(1, t.n))
	return milliseconds(t.parts[0]) / n, milliseconds(t.parts[1]) / n, milliseconds(t.parts[2]) / n
}
