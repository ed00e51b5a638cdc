// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/pixel/jpeg"
)

// The values of Result.Way.
const (
	wayKept    = "kept"
	wayRecoded = "recoded"
	wayPNG     = "png"
)

// readHeader returns false where the header is enough to see that decoding will
// fail.
func readHeader(data []byte, lim pixel.Limits) (pixel.Header, bool) {
	h, err := pixel.ReadHeader(data, lim)
	return h, err == nil
}

func pixels(h pixel.Header) int64 { return int64(h.Width) * int64(h.Height) }

// estimate returns the bytes that a picture takes between decoding and its end,
// at the most demanding moment, beside its file; 0 where decoding will fail at
// once.
func (e *Engine) estimate(data []byte, t *Task) int64 {
	h, ok := readHeader(data, e.settings.Limits)
	if !ok {
		return 0
	}
	cost := max(h.DecodeBytes, pixels(h)*e.encodeBytes(h, t.Format))
	if e.mayKeep(h, t) { // and may have to be decoded after all
		cost = max(cost, keptBytes(data))
	}
	return cost + e.networkBytes()
}

// rest returns what a picture still takes once it has been decoded, as luma that
// is kept or, where that is nil, whole.
func (e *Engine) rest(data []byte, t *Task, kept *jpeg.Luma) int64 {
	if kept != nil {
		return kept.Bytes() + writtenBytes(data) + e.networkBytes()
	}
	h, ok := readHeader(data, e.settings.Limits)
	if !ok {
		return 0
	}
	return int64(len(data)) + pixels(h)*e.encodeBytes(h, t.Format) + e.networkBytes()
}

// mayKeep tells whether the luma of a file of this header may be kept, as far as
// the header and the settings say.
func (e *Engine) mayKeep(h pixel.Header, t *Task) bool {
	return h.Format == "jpeg" && t.Format == FormatJPEG && !e.settings.RecodeLuma && !e.settings.SideBySide
}

// keptBytes is what keeping luma takes at most.
func keptBytes(data []byte) int64 { return jpeg.LumaBytes(data) + writtenBytes(data) }

// writtenBytes is what the new file of a kept luma takes while it is written: it is
// about as long as the old one, and its buffer grows by doubling if it is longer.
func writtenBytes(data []byte) int64 { return 2 * int64(len(data)) }

// networkBytes is what the network's planes of one picture take: gray, R, G and
// B, and chroma twice.
func (e *Engine) networkBytes() int64 {
	const floats = 1 + 3 + 2*2
	return floats * 4 * int64(e.net.Size()) * int64(e.net.Size())
}

// encodeBytes is what joining and encoding take for each pixel: luma, the joined
// picture, the file; side by side also the wider picture, with chroma at full
// size, and a file of twice the pixels.
func (e *Engine) encodeBytes(h pixel.Header, f Format) int64 {
	wide := e.settings.SideBySide
	switch {
	case f == FormatJPEG && wide:
		return 1 + 1 + 6 + 2
	case f == FormatJPEG:
		return 1 + 1 + 1
	}
	cost := int64(1 + 3 + 2)
	if wide {
		cost += 6 + 2
	}
	if h.Bits == 16 {
		cost *= 2
	}
	return cost
}
