// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zlib"
	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"

	"github.com/chromabeam/chromabeam/transforms/pixel/ifd"
)

// checkBlocks finds out the size of strips or tiles.
func (p *tiffPage) checkBlocks() error {
	p.blockWidth, p.blockHeight = p.width, p.height
	p.tiled = p.dir.Uint(tiffTileWidth, 0) != 0
	if !p.tiled {
		if v := p.dir.Uint(tiffRowsPerStrip, 0); v > 0 && v < uint32(p.height) {
			p.blockHeight = int(v)
		}
		p.offsets, _ = p.dir.Find(tiffStripOffsets)
		p.counts, _ = p.dir.Find(tiffStripByteCounts)
	} else {
		w, h := p.dir.Uint(tiffTileWidth, 0), p.dir.Uint(tiffTileLength, 0)
		// Tiles are multiples of 16; some are larger than a small picture, but a
		// tile much larger than both is there to cost memory.
		const least, usual = 8, 1024
		if w < least || h < least || w > max(usual, uint32(p.width)+16) || h > max(usual, uint32(p.height)+16) {
			return tiffDamaged("tiles of %dx%d pixels", w, h)
		}
		p.blockWidth, p.blockHeight = int(w), int(h)
		p.offsets, _ = p.dir.Find(tiffTileOffsets)
		p.counts, _ = p.dir.Find(tiffTileByteCounts)
	}
	p.across = (p.width + p.blockWidth - 1) / p.blockWidth
	p.down = (p.height + p.blockHeight - 1) / p.blockHeight
	return nil
}

// locate finds the bytes of all blocks. Few may share theirs: unpacking the whole
// file for each of many rows would take for ever.
func (p *tiffPage) locate() error {
	n := p.across * p.down
	if p.planar {
		n *= p.samples
	}
	if p.offsets.Len() < n {
		return tiffDamaged("%d of %d strips or tiles have a place", p.offsets.Len(), n)
	}
	counted := p.counts.Len() >= n
	if !counted && (n > 1 || p.counts.Len() > 0) {
		return tiffDamaged("%d of %d strips or tiles have a length", p.counts.Len(), n)
	}
	size, total := uint64(len(p.file.Data)), uint64(0)
	p.blocks = make([][]byte, n)
	for i := range p.blocks {
		at, _ := p.offsets.Uint(i)
		end := size // a single strip without a length goes on to the end
		if counted {
			count, _ := p.counts.Uint(i)
			end = uint64(at) + uint64(count)
		}
		if uint64(at) > size || end > size {
			return io.ErrUnexpectedEOF
		}
		p.blocks[i] = p.file.Data[at:end]
		total += uint64(len(p.blocks[i]))
	}
	if total > 4*size {
		return tiffDamaged("its strips or tiles overlap")
	}
	return nil
}

// reverseBits returns a copy for FillOrder 2, where bytes begin with their
// lowest bit.
func reverseBits(b []byte) []byte {
	out := make([]byte, len(b))
	for i, v := range b {
		out[i] = bits.Reverse8(v)
	}
	return out
}

// unpacker unpacks the blocks of one picture.
type unpacker struct {
	page     *tiffPage
	reversed bool
	buf      []byte
	in       bytes.Reader
	deflate  io.Reader
}

func newUnpacker(p *tiffPage) *unpacker {
	return &unpacker{page: p, reversed: p.dir.Uint(tiffFillOrder, 1) == 2}
}

// unpack returns the rows of a block, valid until the next call.
func (u *unpacker) unpack(packed []byte, width, height, rowBytes int) ([]byte, error) {
	p := u.page
	fax := p.compression == tiffG3 || p.compression == tiffG4
	if u.reversed && !fax {
		packed = reverseBits(packed)
	}
	size := rowBytes * height
	if p.compression == tiffNone {
		if len(packed) < size {
			return nil, io.ErrUnexpectedEOF
		}
		// The predictor does not apply; nothing writes to the file's bytes.
		return packed[:size], nil
	}
	if cap(u.buf) < size {
		u.buf = make([]byte, size)
	}
	buf := u.buf[:size]
	u.in.Reset(packed)
	switch p.compression {
	case tiffPackBits:
		return buf, unpackBits(buf, packed)
	case tiffLZW:
		if len(packed) >= 2 && packed[0] == 0 && packed[1]&1 != 0 {
			return nil, tiffUnsupported("old-style LZW")
		}
		r := lzw.NewReader(&u.in, lzw.MSB, 8)
		_, err := io.ReadFull(r, buf)
		_ = r.Close() // it holds nothing
		return buf, err
	case tiffG3, tiffG4:
		_, err := io.ReadFull(u.fax(width, height), buf)
		return buf, err
	}
	err := u.resetDeflate()
	if err == nil {
		_, err = io.ReadFull(u.deflate, buf)
	}
	return buf, err
}

func (u *unpacker) resetDeflate() (err error) {
	if z, ok := u.deflate.(zlib.Resetter); ok {
		return z.Reset(&u.in, nil)
	}
	u.deflate, err = zlib.NewReader(&u.in)
	return err
}

func (u *unpacker) fax(width, height int) io.Reader {
	order, format := ccitt.MSB, ccitt.Group4
	if u.reversed {
		order = ccitt.LSB
	}
	if u.page.compression == tiffG3 {
		format = ccitt.Group3
	}
	return ccitt.NewReader(&u.in, order, format, width, height, &ccitt.Options{Invert: true})
}

// unpackBits fills dst by the run lengths of PackBits.
func unpackBits(dst, src []byte) error {
	for len(dst) > 0 {
		if len(src) < 2 {
			return io.ErrUnexpectedEOF
		}
		n := int(int8(src[0]))
		switch {
		case n >= 0:
			n = min(n+1, len(dst))
			if len(src) < n+1 {
				return io.ErrUnexpectedEOF
			}
			copy(dst, src[1:n+1])
			dst, src = dst[n:], src[n+1:]
		case n == -128:
			src = src[1:]
		default:
			n = min(1-n, len(dst))
			for i := range dst[:n] {
				dst[i] = src[1]
			}
			dst, src = dst[n:], src[2:]
		}
	}
	return nil
}

// undoDifferences adds up the rows of predictor 2, n samples a pixel.
func undoDifferences(rows []byte, rowBytes, n, depth int, order ifd.Order) {
	for ; len(rows) >= rowBytes && rowBytes > 0; rows = rows[rowBytes:] {
		row := rows[:rowBytes]
		if depth == 8 {
			for i := n; i < len(row); i++ {
				row[i] += row[i-n]
			}
			continue
		}
		for i := 2 * n; i+2 <= len(row); i += 2 {
			order.PutUint16(row[i:], order.Uint16(row[i:])+order.Uint16(row[i-2*n:]))
		}
	}
}
