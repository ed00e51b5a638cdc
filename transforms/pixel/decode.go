// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"errors"
	"image"
	"io"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Decode turns an encoded picture into pixels: PNG, JPEG, GIF (its first
// frame, on the logical screen), BMP, TIFF or WebP, found by their content and
// never by a name. The EXIF orientation is applied. A TIFF must hold one picture;
// thumbnails and masks beside it do not count.
//
// The header is checked against lim before anything of the picture's size is
// allocated. Decode never panics; every error is a [*fault.PictureError].
func Decode(data []byte, lim Limits) (*Picture, error) {
	c, err := sniff(data)
	if err != nil {
		return nil, err
	}
	return c.open(data, lim)
}

// open is [Decode] for a known format.
func (c codec) open(data []byte, lim Limits) (*Picture, error) { return c.openAtLeast(data, lim, 0) }

// openAtLeast is [DecodeAtLeast] for a known format.
func (c codec) openAtLeast(data []byte, lim Limits, side int) (p *Picture, err error) {
	if err := lim.checkBytes(len(data)); err != nil {
		return nil, err
	}
	// The decoders are good but not ours, and the bytes are a stranger's.
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fault.Picture(fault.StageDecode, "damaged %s: its decoder gave up (%v)", c.label, r)
		}
	}()
	return c.read(data, lim, side)
}

// read does openAtLeast's work; it may panic where a decoder does.
func (c codec) read(data []byte, lim Limits, side int) (*Picture, error) {
	cfg, err := c.config(data)
	if err != nil {
		return nil, c.wrap(err)
	}
	if err := lim.checkSize(cfg.Width, cfg.Height); err != nil {
		return nil, err
	}
	if c.atLeast != nil && int64(len(data)) < c.atLeast(data, cfg) {
		// A small file may claim a large picture: decoders allocate first and
		// miss the data later.
		return nil, c.wrap(io.ErrUnexpectedEOF)
	}
	reduction := c.reduction(cfg, side)
	var img image.Image
	if reduction > 1 {
		img, err = c.reduced(data, reduction)
	} else {
		img, err = c.decode(data)
	}
	if err != nil {
		return nil, c.wrap(err)
	}
	if b := img.Bounds(); b != image.Rect(0, 0, reduce(cfg.Width, reduction), reduce(cfg.Height, reduction)) {
		return nil, fault.Picture(fault.StageDecode, "damaged %s: header and picture differ in size", c.label)
	}
	orientation := c.orientation(data)
	img = orient(img, orientation)
	b := img.Bounds()
	return &Picture{
		Image: img, Format: c.format, Width: b.Dx(), Height: b.Dy(),
		SourceWidth: cfg.Width, SourceHeight: cfg.Height,
		HasAlpha: !opaque(img), Bits: depth(img), turned: orientation >= 5 && orientation <= 8,
	}, nil
}

// wrap turns a decoder's error into the reason that the user sees.
func (c codec) wrap(err error) error {
	if p, ok := errors.AsType[*fault.PictureError](err); ok {
		return p
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || cutShort(err.Error()) {
		return fault.Picture(fault.StageDecode, "truncated %s", c.label)
	}
	return &fault.PictureError{Stage: fault.StageDecode, Reason: c.reason(err.Error())}
}

// cutShort knows the words that decoders have of their own for a file that
// ends too early.
func cutShort(text string) bool {
	for _, words := range []string{"unexpected EOF", "not enough pixel data", "not enough image data", "short Huffman data"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// depth returns the number of bits a channel that the decoder kept.
func depth(m image.Image) int {
	switch m.(type) {
	case *image.Gray16, *image.NRGBA64, *image.RGBA64, *RGB48:
		return 16
	}
	return 8
}

// opaque reports whether every pixel is opaque; a type that cannot say so is
// taken as opaque.
func opaque(m image.Image) bool {
	o, ok := m.(interface{ Opaque() bool })
	return !ok || o.Opaque()
}
