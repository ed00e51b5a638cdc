// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"errors"
	"fmt"
	std "image/jpeg"
)

// ErrNotCovered is the error of files whose luma cannot be kept as it is, though
// they may be sound: arithmetic coding, 12 bits, lossless, four components, red,
// green and blue, luma that is sampled less than chroma, and numbers or Huffman
// tables that a baseline file cannot hold. Decode may still read them.
var ErrNotCovered = errors.New("luma cannot be kept as it is")

// Luma is the luma of a JPEG file as quantized coefficients. Its methods change
// nothing: they may be called concurrently.
type Luma struct {
	width, height int
	columns, rows int // blocks of 8x8 pixels, without those that only pad
	quant         [64]int32

	// dc has the first coefficient of each block, row after row.
	dc []int16
	// The other coefficients of a block are size bits of bits from at on, in
	// the code of ac. They lie in the order in which they were read.
	bits []byte
	at   []uint32
	size []uint16
	ac   *huffman
}

// tail is how many bytes behind the last block's may be looked at.
const tail = 8

// ReadLuma reads the luma of a gray or YCbCr file, be it baseline, extended
// sequential of 8 bits or progressive. The result does not refer to data.
//
// Files that it does not cover give an error that is [ErrNotCovered], and so do
// some damaged ones; others that cannot be read give the error of [Decode]. As
// there, scans that are not needed are not looked into, and what the header
// claims is allocated: check it first.
func ReadLuma(data []byte) (*Luma, error) {
	l := new(Luma)
	d := decoder{data: data, scale: 8, luma: l}
	err := d.segments()
	if err == nil {
		err = d.finishLuma()
	}
	var unsupported std.UnsupportedError
	switch {
	case err == nil:
		return l, nil
	case errors.As(err, &unsupported), d.comp[1].coeffs.skipped, d.comp[2].coeffs.skipped:
		// Past a scan that was not looked into, other faults may come up than
		// those of Decode, and even where that finds none.
		return nil, fmt.Errorf("%w: %w", ErrNotCovered, err)
	}
	return nil, err
}

// notCovered is an ErrNotCovered with its reason.
func notCovered(reason string) error { return fmt.Errorf("%w: %s", ErrNotCovered, reason) }

// finishLuma completes the luma once all is read.
func (d *decoder) finishLuma() error {
	c := &d.comp[0]
	switch {
	case d.nComp != 0 && (d.width == 0 || d.height == 0):
		return notCovered("the picture is empty")
	case c.columns == 0:
		return std.FormatError("missing SOS marker")
	case d.nComp == 3 && d.isRGB():
		return notCovered("red, green and blue")
	case d.overflow:
		return notCovered("coefficients out of range")
	case d.progressive && c.coeffs.kept != nil:
		if err := d.beginLuma(); err != nil {
			return err
		}
		return d.encodeLuma()
	case d.luma.ac == nil:
		return notCovered("no scan of luma")
	}
	return nil
}

// beginLuma allocates what the blocks of luma need, but for their bits.
func (d *decoder) beginLuma() error {
	l := d.luma
	l.width, l.height = d.width, d.height
	l.columns, l.rows = (d.width+7)/8, (d.height+7)/8
	l.quant = d.quant[d.comp[0].tq]
	for _, q := range l.quant {
		if q < 1 || q > 255 {
			return notCovered("quantization of 16 bits")
		}
	}
	n := l.columns * l.rows
	l.dc, l.at, l.size = make([]int16, n), make([]uint32, n), make([]uint16, n)
	return nil
}

// setDC takes a block's first coefficient; others than these cannot be written
// as differences in a baseline file.
func (l *Luma) setDC(i int, dc int32) error {
	if dc < -1024 || dc > 1023 {
		return notCovered("means out of range")
	}
	l.dc[i] = int16(dc)
	return nil
}

// Size returns the picture's size in pixels, as it is stored.
func (l *Luma) Size() (width, height int) { return l.width, l.height }

// Equal reports whether two files have the same size, quantization and
// coefficients. Blocks that only pad the picture do not count.
func (l *Luma) Equal(o *Luma) bool {
	if l.width != o.width || l.height != o.height || l.quant != o.quant {
		return false
	}
	var one [64]int32
	for i := range one {
		one[i] = 1
	}
	for i := range l.dc {
		var a, b block
		l.block(i, &a, &one, 64)
		o.block(i, &b, &one, 64)
		if a != b {
			return false
		}
	}
	return true
}
