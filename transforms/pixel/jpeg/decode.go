// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"fmt"
	"image"
	std "image/jpeg"
	"io"
)

// Markers of ITU-T T.81, table B.1, and of JFIF and Adobe.
const (
	markerSOF0  = 0xc0 // baseline
	markerSOF1  = 0xc1 // extended sequential
	markerSOF2  = 0xc2 // progressive
	markerDHT   = 0xc4
	markerRST0  = 0xd0
	markerRST7  = 0xd7
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerDQT   = 0xdb
	markerDRI   = 0xdd
	markerAPP0  = 0xe0
	markerAPP14 = 0xee
	markerAPP15 = 0xef
	markerCOM   = 0xfe
)

const maxComponents = 3

// decoder is the state of one picture's decoding.
type decoder struct {
	data []byte
	pos  int

	// scale is the side in pixels that a block of luma has in the result.
	scale         int
	width, height int

	nComp                 int
	baseline, progressive bool
	restart               int // MCUs between restart markers, 0 for none
	scans                 int // so far
	jfif                  bool
	adobe                 bool
	adobeTransform        uint8

	comp  [maxComponents]component
	huff  [2][4]*huffman
	quant [4][64]int32 // in zigzag order
	gray  *image.Gray
	color *image.YCbCr
	r     bitReader
	// eobRun is the number of blocks still to come without coefficients.
	eobRun uint16
	b      block

	// luma is what ReadLuma reads into; there are no pixels then.
	luma *Luma
	// overflow says that a coefficient came close to the range of 16 bits.
	overflow bool
}

// Decode decodes a file at 1/reduction of its size; reduction is 1, 2, 4 or 8.
// The result measures ceil(width/reduction) by ceil(height/reduction) and is an
// *image.Gray, *image.YCbCr or, for files of red, green and blue, *image.RGBA.
// Where chroma is subsampled in both directions it is reduced less than luma.
//
// Errors are image/jpeg's, but for the exceptions that the package's comment
// names. Scans of a progressive file that the reduced picture does not need are
// not looked into: damage within them goes unnoticed or comes out elsewhere. What
// the header claims is allocated: check it first.
func Decode(data []byte, reduction int) (image.Image, error) {
	switch reduction {
	case 1, 2, 4, 8:
	default:
		return nil, fmt.Errorf("reduction must be 1, 2, 4 or 8, got %d", reduction)
	}
	d := decoder{data: data, scale: 8 / reduction}
	if err := d.segments(); err != nil {
		return nil, err
	}
	return d.picture()
}

// take returns the next n bytes.
func (d *decoder) take(n int) ([]byte, error) {
	if len(d.data)-d.pos < n {
		return nil, io.ErrUnexpectedEOF
	}
	b := d.data[d.pos : d.pos+n]
	d.pos += n
	return b, nil
}

// segments reads the whole file.
func (d *decoder) segments() error {
	b, err := d.take(2)
	if err != nil {
		return err
	}
	if b[0] != 0xff || b[1] != markerSOI {
		return std.FormatError("missing SOI marker")
	}
	for {
		marker, err := d.marker()
		if err != nil {
			return err
		}
		switch {
		case marker == markerEOI:
			return nil
		case marker >= markerRST0 && marker <= markerRST7:
			continue // some encoders write one after the last scan
		}
		b, err := d.take(2)
		if err != nil {
			return err
		}
		n := int(b[0])<<8 + int(b[1]) - 2
		if n < 0 {
			return std.FormatError("short segment length")
		}
		if err := d.segment(marker, n); err != nil {
			return err
		}
	}
}

// marker passes over bytes that do not belong there, as libjpeg does, and
// returns the next marker.
func (d *decoder) marker() (uint8, error) {
	for {
		b, err := d.take(2)
		if err != nil {
			return 0, err
		}
		for b[0] != 0xff {
			d.pos--
			if b, err = d.take(2); err != nil {
				return 0, err
			}
		}
		marker := b[1]
		if marker == 0 {
			continue
		}
		for marker == 0xff { // fill bytes
			b, err := d.take(1)
			if err != nil {
				return 0, err
			}
			marker = b[0]
		}
		return marker, nil
	}
}

// segment reads the n bytes that follow a marker and its length.
func (d *decoder) segment(marker uint8, n int) error {
	if marker == markerSOF0 || marker == markerSOF1 || marker == markerSOF2 {
		d.baseline, d.progressive = marker == markerSOF0, marker == markerSOF2
		return d.processSOF(n)
	}
	if marker == markerSOS {
		return d.processSOS(n)
	}
	app := marker >= markerAPP0 && marker <= markerAPP15 || marker == markerCOM
	switch {
	case app, marker == markerDHT, marker == markerDQT, marker == markerDRI:
	case marker < markerSOF0:
		return std.FormatError("unknown marker")
	default:
		return std.UnsupportedError("unknown marker")
	}
	if marker == markerDRI && n != 2 {
		return std.FormatError("DRI has wrong length")
	}
	b := body{d.data[d.pos:], n}
	b.data = b.data[:min(n, len(b.data))]
	d.pos += len(b.data)
	var err error
	switch marker {
	case markerDHT:
		err = d.processDHT(b)
	case markerDQT:
		err = d.processDQT(b)
	case markerDRI:
		if len(b.data) == 2 {
			d.restart = int(b.data[0])<<8 + int(b.data[1])
		}
	case markerAPP0:
		if len(b.data) >= 5 {
			d.jfif = string(b.data[:5]) == "JFIF\x00"
		}
	case markerAPP14:
		if len(b.data) >= 12 && string(b.data[:5]) == "Adobe" {
			d.adobe, d.adobeTransform = true, b.data[11]
		}
	}
	if err == nil && len(b.data) < n {
		err = io.ErrUnexpectedEOF
	}
	return err
}
