// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Chroma holds two planes of colour, row after row, in units of 8-bit levels
// around 0. They cover the picture from edge to edge, whatever their size, and
// are interpolated bilinearly; samples are areas, as pixels are.
type Chroma struct {
	Cb, Cr        []float32
	Width, Height int
}

// WriteOptions say how [Luma.WriteColor] writes.
type WriteOptions struct {
	// Quality is the chroma's, in [1, 100]: the standard table is scaled as
	// libjpeg does.
	Quality int
	// Segments follow SOI as they are given: JFIF, EXIF, ICC.
	Segments []Segment
	// Fit, where not nil, limits a sample of chroma to what red, green and blue
	// can show with the mean luma at its place, which is in [0, 255].
	Fit func(luma, cb, cr float32) (float32, float32)
}

// Segment is a segment of a JPEG file; Data does not include its length.
type Segment struct {
	Marker byte
	Data   []byte
}

// Validate returns what is wrong with the options.
func (o WriteOptions) Validate() error {
	var errs []error
	if o.Quality < 1 || o.Quality > 100 {
		errs = append(errs, fmt.Errorf("quality must be in [1, 100], got %d", o.Quality))
	}
	for i, s := range o.Segments {
		if (s.Marker < markerAPP0 || s.Marker > markerAPP15) && s.Marker != markerCOM {
			errs = append(errs, fmt.Errorf("segment %d must be an application's or a comment, got marker %#x", i, s.Marker))
		}
		if len(s.Data) > 0xffff-2 {
			errs = append(errs, fmt.Errorf("segment %d must hold at most 65533 bytes, got %d", i, len(s.Data)))
		}
	}
	return errors.Join(errs...)
}

// validate returns what is wrong with the planes.
func (c Chroma) validate() error {
	if c.Width < 1 || c.Height < 1 || len(c.Cb) != c.Width*c.Height || len(c.Cr) != len(c.Cb) {
		return fmt.Errorf("chroma must have width*height samples, got %d and %d for %dx%d", len(c.Cb), len(c.Cr), c.Width, c.Height)
	}
	return nil
}

// WriteColor writes a baseline file of this luma, with its quantization table
// and coefficients bit for bit, and the given chroma at half its size in both
// directions. However the luma was sampled, blocks that pad it to whole MCUs
// repeat the one before them. The Huffman tables of means and chroma are the
// best ones; the other coefficients of luma keep the code of a sequential file,
// and get the best one where the file was progressive. There are no restart
// intervals. Without segments given, the file has no JFIF header.
func (l *Luma) WriteColor(w io.Writer, c Chroma, o WriteOptions) error {
	if err := errors.Join(o.Validate(), c.validate()); err != nil {
		return err
	}
	if o.Fit != nil {
		c = l.fit(c, o.Fit)
	}
	e := newColorEncoder(l, c, o.Quality)
	e.encode(c)
	var counts [256]int
	l.means(func(diff int32) { counts[uint8(number(0, diff))]++ })
	tables := [4]*huffman{optimal(&counts), l.ac, optimal(&e.dc), optimal(&e.ac)}
	s := &bitSink{w: w, buf: make([]byte, 0, 64<<10)}
	l.header(s, e, &tables, o.Segments)
	if err := l.scan(s, e, &tables); err != nil {
		return err
	}
	s.finish()
	s.buf = append(s.buf, 0xff, markerEOI)
	return s.drain(0)
}

// header appends what comes before the entropy-coded data.
func (l *Luma) header(s *bitSink, e *colorEncoder, tables *[4]*huffman, segments []Segment) {
	segment := func(marker byte, body []byte) {
		s.buf = append(s.buf, 0xff, marker)
		s.buf = binary.BigEndian.AppendUint16(s.buf, uint16(len(body)+2))
		s.buf = append(s.buf, body...)
	}
	s.buf = append(s.buf, 0xff, markerSOI)
	for _, x := range segments {
		segment(x.Marker, x.Data)
	}
	quant := []byte{0}
	for _, q := range l.quant {
		quant = append(quant, byte(q))
	}
	segment(markerDQT, append(append(quant, 1), e.quant[:]...))
	segment(markerSOF0, []byte{
		8, byte(l.height >> 8), byte(l.height), byte(l.width >> 8), byte(l.width),
		3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1,
	})
	var codes []byte
	for i, h := range tables {
		codes = h.segment(codes, byte(i&1), byte(i>>1))
	}
	segment(markerDHT, codes)
	segment(markerSOS, []byte{3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0})
}

// means calls f with the differences of all blocks' first coefficients, in the
// order of the file, but for those of blocks that pad, which are 0.
func (l *Luma) means(f func(diff int32)) {
	last := int32(0)
	for y := 0; y < l.rows; y += 2 {
		for x := 0; x < l.columns; x += 2 {
			for j := range 4 {
				bx, by := x+j&1, y+j>>1
				if bx >= l.columns || by >= l.rows {
					f(0)
					continue
				}
				dc := int32(l.dc[by*l.columns+bx])
				f(dc - last)
				last = dc
			}
		}
	}
}

// scan appends the entropy-coded data.
func (l *Luma) scan(s *bitSink, e *colorEncoder, tables *[4]*huffman) error {
	dc, ac, chromaDC, chromaAC := tables[0].encoder(), tables[1].encoder(), tables[2].encoder(), tables[3].encoder()
	end := ac[endOfBlock]
	last := int32(0)
	for y := 0; y < l.rows; y += 2 {
		list := e.list[y/2]
		for x := 0; x < l.columns; x += 2 {
			for j := range 4 {
				bx, by := x+j&1, y+j>>1
				if bx >= l.columns || by >= l.rows {
					s.token(dc, number(0, 0))
					s.put(uint64(end>>8), uint(end&0xff))
					continue
				}
				i := by*l.columns + bx
				s.token(dc, number(0, int32(l.dc[i])-last))
				last = int32(l.dc[i])
				s.copy(l.bits, l.at[i], uint(l.size[i]))
			}
			for range 2 {
				list = s.block(list, chromaDC, chromaAC)
			}
		}
		if err := s.drain(32 << 10); err != nil {
			return err
		}
	}
	return nil
}

// block appends the first block of the list and returns what is left of it.
func (s *bitSink) block(list []token, dc, ac *encoder) []token {
	s.token(dc, list[0])
	for i, k := 1, 0; ; i++ {
		t := list[i]
		s.token(ac, t)
		if k += int(t>>4&15) + 1; t == endOfBlock || k >= 63 {
			return list[i+1:]
		}
	}
}
