// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"sync"
)

// EncodePNG writes img as a PNG: 8-bit gray for [*image.Gray], 8-bit RGB for
// [*RGB], and by image/png for any other type. The same pixels give the same
// bytes.
func EncodePNG(w io.Writer, img image.Image) error {
	var rows pngRows
	switch m := img.(type) {
	case *image.Gray:
		rows = grayRows{m}
	case *RGB:
		rows = rgbRows{m}
	}
	if rows == nil || img.Bounds().Empty() { // an empty picture has no PNG: image/png says so
		return png.Encode(w, img)
	}
	e, _ := encoders.Get().(*pngEncoder)
	defer encoders.Put(e)
	return e.encode(w, rows)
}

// encoders keeps deflate's tables, some 0.5 MB each, between pictures. Nothing
// of one picture is left in them for the next.
var encoders = sync.Pool{New: func() any { return new(pngEncoder) }}

// pngRows is a picture as the encoder sees it.
type pngRows interface {
	size() (width, height int)
	format() (channels int, colorType uint8)
	row(y int) []uint8
}

type grayRows struct{ m *image.Gray }

func (g grayRows) size() (int, int)     { return g.m.Rect.Dx(), g.m.Rect.Dy() }
func (g grayRows) format() (int, uint8) { return 1, 0 }
func (g grayRows) row(y int) []uint8    { return g.m.Pix[y*g.m.Stride:][:g.m.Rect.Dx()] }

type rgbRows struct{ m *RGB }

func (r rgbRows) size() (int, int)     { return r.m.Width, r.m.Height }
func (r rgbRows) format() (int, uint8) { return 3, 2 }
func (r rgbRows) row(y int) []uint8    { return r.m.row(y) }

type pngEncoder struct {
	out      []byte
	deflate  deflater
	filtered filterer
}

// encode writes the whole file with one Write. One IDAT chunk holds all: the
// pictures are small, and readers handle any length.
func (e *pngEncoder) encode(w io.Writer, m pngRows) error {
	width, height := m.size()
	channels, colorType := m.format()
	e.out = append(e.out[:0], "\x89PNG\r\n\x1a\n"...)
	out, at := beginChunk(e.out, "IHDR")
	out = binary.BigEndian.AppendUint32(out, uint32(width))
	out = binary.BigEndian.AppendUint32(out, uint32(height))
	out = append(out, 8, colorType, 0, 0, 0)
	out = endChunk(out, at)

	out, at = beginChunk(out, "IDAT")
	out = append(out, 0x78, 0x9c) // zlib's header: a window of 32 KiB, the default level
	e.deflate.reset(out)
	e.filtered.reset(width*channels, channels)
	sum := adler32.New()
	for y := range height {
		row := e.filtered.next(m.row(y))
		_, _ = sum.Write(row) // a hash takes every write
		e.deflate.write(row)
	}
	out = sum.Sum(e.deflate.finish())
	out = endChunk(out, at)
	out, at = beginChunk(out, "IEND")
	out = endChunk(out, at)
	if cap(out) <= keepOut {
		e.out = out
	}
	_, err := w.Write(out)
	return err
}

// keepOut is the largest output buffer that a pooled encoder holds on to.
const keepOut = 4 << 20

// beginChunk opens a chunk and returns where it starts.
func beginChunk(out []byte, kind string) ([]byte, int) {
	return append(append(out, 0, 0, 0, 0), kind...), len(out)
}

// endChunk fills in the chunk's length and appends its checksum.
func endChunk(out []byte, at int) []byte {
	chunk := out[at:]
	binary.BigEndian.PutUint32(chunk, uint32(len(chunk)-8))
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk[4:]))
}
