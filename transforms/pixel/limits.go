// SPDX-License-Identifier: Apache-2.0

package pixel

import "github.com/chromabeam/chromabeam/transforms/fault"

// Limits bounds what one picture may cost. A limit of zero or less means no
// limit of its own.
type Limits struct {
	// MaxPixels bounds width times height as the header claims them.
	MaxPixels int64
	// MaxBytes bounds the encoded file.
	MaxBytes int64
}

// DefaultLimits returns 100 megapixels and 256 MiB.
func DefaultLimits() Limits { return Limits{MaxPixels: 100e6, MaxBytes: 256 << 20} }

// maxSide keeps width*height*8 inside an int on every platform that Go has.
const maxSide = 1 << 24

// checkBytes refuses a file above the limit.
func (l Limits) checkBytes(n int) error {
	if l.MaxBytes > 0 && int64(n) > l.MaxBytes {
		return fault.Picture(fault.StageDecode, "file of %d bytes exceeds the limit of %d bytes", n, l.MaxBytes)
	}
	return nil
}

// checkSize refuses a picture that its header makes empty or too large.
func (l Limits) checkSize(w, h int) error {
	switch {
	case w <= 0 || h <= 0:
		return fault.Picture(fault.StageDecode, "%dx%d pixels: the picture is empty", w, h)
	case w > maxSide || h > maxSide:
		return fault.Picture(fault.StageDecode, "%dx%d pixels exceed the limit of %d pixels a side", w, h, maxSide)
	case l.MaxPixels > 0 && int64(w)*int64(h) > l.MaxPixels:
		return fault.Picture(fault.StageDecode, "%dx%d pixels exceed the limit of %g megapixels",
			w, h, float64(l.MaxPixels)/1e6)
	}
	return nil
}
