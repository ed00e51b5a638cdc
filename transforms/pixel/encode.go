// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
)

// flatLevel is for drawings and 16-bit pictures, which are searched for
// repetitions: the last of klauspost's levels that look at few candidates. The
// next one needs half as much time again for 1.5% fewer bytes.
const flatLevel = 6

// EncodePNG writes img as a PNG: 8-bit gray for [*image.Gray], 8-bit RGB for
// [*RGB], 16-bit RGB for [*RGB48], and by image/png for any other type. The same
// pixels give the same bytes, those of drawings in few colours and of 16-bit
// pictures until a new version of the deflate library compresses otherwise.
func EncodePNG(w io.Writer, img image.Image) error {
	var rows pngRows
	switch m := img.(type) {
	case *image.Gray:
		rows = grayRows{m}
	case *RGB:
		rows = rgbRows{m}
	case *RGB48:
		rows = rgb48Rows{m}
	}
	if rows == nil || img.Bounds().Empty() { // an empty picture has no PNG: image/png says so
		return png.Encode(w, img)
	}
	e, _ := encoders.Get().(*pngEncoder)
	err := e.encode(w, rows)
	encoders.Put(e)
	return err
}

// encoders keeps deflate's tables, about 1 MB each, between pictures. Nothing
// of one picture is left in them for the next.
var encoders = sync.Pool{New: func() any { return newPNGEncoder() }}

// pngRows is a picture as the encoder sees it.
type pngRows interface {
	size() (width, height int)
	// format returns PNG's bits a channel and its colour type.
	format() (bytesPerPixel int, depth, colorType uint8)
	row(y int) []uint8
}

type grayRows struct{ m *image.Gray }

func (g grayRows) size() (int, int)            { return g.m.Rect.Dx(), g.m.Rect.Dy() }
func (g grayRows) format() (int, uint8, uint8) { return 1, 8, 0 }
func (g grayRows) row(y int) []uint8           { return g.m.Pix[y*g.m.Stride:][:g.m.Rect.Dx()] }

type rgbRows struct{ m *RGB }

func (r rgbRows) size() (int, int)            { return r.m.Width, r.m.Height }
func (r rgbRows) format() (int, uint8, uint8) { return 3, 8, 2 }
func (r rgbRows) row(y int) []uint8           { return r.m.row(y) }

type rgb48Rows struct{ m *RGB48 }

func (r rgb48Rows) size() (int, int)            { return r.m.Width, r.m.Height }
func (r rgb48Rows) format() (int, uint8, uint8) { return 6, 16, 2 }
func (r rgb48Rows) row(y int) []uint8           { return r.m.row(y) }

type pngEncoder struct {
	out      bytes.Buffer
	deflate  *zlib.Writer // for drawings and 16 bits
	runs     runDeflater  // for all others
	filtered filterer
	pairs    flatCounter
}

func newPNGEncoder() *pngEncoder {
	e := &pngEncoder{}
	z, err := zlib.NewWriterLevel(&e.out, flatLevel)
	if err != nil {
		panic(err) // the level is a constant
	}
	e.deflate = z
	return e
}

// encode writes the whole file with one Write. One IDAT chunk holds all: the
// pictures are small, and readers handle any length.
func (e *pngEncoder) encode(w io.Writer, m pngRows) error {
	width, height := m.size()
	size, depth, colorType := m.format()
	e.out.Reset()
	e.out.WriteString("\x89PNG\r\n\x1a\n")
	head := binary.BigEndian.AppendUint32(make([]byte, 0, 13), uint32(width))
	head = binary.BigEndian.AppendUint32(head, uint32(height))
	head = append(head, depth, colorType, 0, 0, 0)
	at := e.begin("IHDR")
	e.out.Write(head)
	e.end(at)

	at = e.begin("IDAT")
	e.filtered.reset(width*size, size)
	flat := e.pairs.flat(m, &e.filtered)
	e.filtered.reset(width*size, size)
	e.filtered.flat = flat
	// The low bytes of three channels with one luma are alike: what looks like
	// noise repeats itself two bytes on, which runs do not see.
	if flat || depth == 16 {
		if err := e.search(m); err != nil {
			return err
		}
	} else {
		e.runs.reset(&e.out)
		for y := range height {
			e.runs.write(e.filtered.next(m.row(y)))
		}
		e.runs.close()
	}
	e.end(at)
	e.end(e.begin("IEND"))
	_, err := w.Write(e.out.Bytes())
	if e.out.Cap() > keepOut {
		e.out = bytes.Buffer{}
	}
	return err
}

// search compresses the rows with all that deflate can refer to.
func (e *pngEncoder) search(m pngRows) error {
	_, height := m.size()
	e.deflate.Reset(&e.out)
	for y := range height {
		if _, err := e.deflate.Write(e.filtered.next(m.row(y))); err != nil {
			return err
		}
	}
	return e.deflate.Close()
}

// keepOut is the largest output buffer that a pooled encoder holds on to.
const keepOut = 4 << 20

// begin opens a chunk and returns where it starts.
func (e *pngEncoder) begin(kind string) int {
	at := e.out.Len()
	e.out.Write(make([]byte, 4))
	e.out.WriteString(kind)
	return at
}

// end fills in the chunk's length and appends its checksum.
func (e *pngEncoder) end(at int) {
	chunk := e.out.Bytes()[at:]
	binary.BigEndian.PutUint32(chunk, uint32(len(chunk)-8))
	sum := crc32.ChecksumIEEE(chunk[4:])
	e.out.Write(binary.BigEndian.AppendUint32(nil, sum))
}
