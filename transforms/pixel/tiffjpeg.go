// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
	"image"
	stdjpeg "image/jpeg"
	"io"

	"github.com/chromabeam/chromabeam/transforms/pixel/jpeg"
)

// maxJPEGTables bounds the tables that all blocks of a picture share: four of
// each kind take less than 3 kB.
const maxJPEGTables = 16 << 10

// decodeJPEG decodes strips or tiles that are JPEG streams of their own
// (compression 7 of TIFF Technical Note 2). Gray and YCbCr stay as they are.
func (p *tiffPage) decodeJPEG() (image.Image, error) {
	tables, _ := p.dir.Find(tiffJPEGTables)
	if len(tables.Value) > maxJPEGTables {
		return nil, tiffDamaged("JPEG tables of %d bytes", len(tables.Value))
	}
	var out joinedBlocks
	for i, packed := range p.blocks {
		x, y := i%p.across*p.blockWidth, i/p.across*p.blockHeight
		m, err := p.jpegBlock(tables.Value, packed, min(p.blockHeight, p.height-y))
		if err != nil {
			return nil, err
		}
		if i == 0 {
			out = newJoinedBlocks(m, p.width, p.height)
		}
		if out == nil || !out.add(m, x, y) {
			return nil, tiffUnsupported("JPEG compression in which strips or tiles differ")
		}
	}
	return out.image(), nil
}

// jpegBlock decodes one block. Its header must claim the block's size; a last
// strip may be as high as the others or as what is left.
func (p *tiffPage) jpegBlock(tables, packed []byte, left int) (image.Image, error) {
	const rgb, ycbcr = 0, 1
	transform := byte(ycbcr)
	if p.photometric == tiffRGB {
		transform = rgb
	}
	file := joinJPEG(tables, packed, transform)
	if file == nil {
		return nil, tiffDamaged("a strip or tile is no JPEG")
	}
	cfg, err := stdjpeg.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	if cfg.Width != p.blockWidth || cfg.Height != p.blockHeight && (p.tiled || cfg.Height != left) {
		return nil, tiffDamaged("a strip or tile of %dx%d pixels instead of %dx%d", cfg.Width, cfg.Height, p.blockWidth, p.blockHeight)
	}
	if int64(len(file)) < int64(cfg.Width)*int64(cfg.Height)/(64*8) {
		return nil, io.ErrUnexpectedEOF
	}
	m, err := jpeg.Decode(file, 1)
	if err != nil {
		return nil, err
	}
	if _, gray := m.(*image.Gray); gray != (p.channels == 1) {
		return nil, tiffDamaged("a strip or tile has another number of channels")
	}
	return m, nil
}

// joinJPEG puts the shared tables before a block's own segments, and says how
// its three channels are to be read: what Adobe's or JFIF's segment says does
// not count in a TIFF.
func joinJPEG(tables, block []byte, transform byte) []byte {
	soi := []byte{0xff, 0xd8}
	if !bytes.HasPrefix(block, soi) {
		return nil
	}
	out := make([]byte, 0, len(tables)+len(block)+16)
	out = append(out, soi...)
	if bytes.HasPrefix(tables, soi) {
		head, rest := jpegHead(tables)
		out = append(out, head...)
		if !bytes.HasPrefix(rest, []byte{0xff, 0xd9}) && len(rest) > 0 {
			return nil
		}
	}
	out = append(out, 0xff, 0xee, 0, 14)
	out = append(out, "Adobe\x00\x64\x00\x00\x00\x00"...)
	out = append(out, transform)
	head, rest := jpegHead(block)
	return append(append(out, head...), rest...)
}

// jpegHead returns the segments up to the first scan, or to whatever is no
// segment, without those of applications, and the rest of the stream.
func jpegHead(b []byte) (head, rest []byte) {
	b = b[2:]
	for len(b) >= 4 && b[0] == 0xff {
		marker := b[1]
		if marker == 0xff {
			b = b[1:]
			continue
		}
		if marker == 0xda || marker == 0xd9 {
			break
		}
		n := 2 + int(binary.BigEndian.Uint16(b[2:]))
		if n < 4 || n > len(b) {
			break
		}
		if marker < 0xe0 || marker > 0xef {
			head = append(head, b[:n]...)
		}
		b = b[n:]
	}
	return head, b
}
