// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
)

// fastPNG decodes the PNGs that cameras, web sites and this program's own
// shards are full of: 8-bit gray, RGB or RGBA, not interlaced, nothing odd. It
// returns nil for every other one and for every fault: image/png decides then.
// Whatever it does return, image/png would return too; a fuzz test says so.
func fastPNG(data []byte) image.Image {
	h, ok := parsePNG(data)
	if !ok {
		return nil
	}
	if h.rawSize() > maxRaw {
		return nil
	}
	work, _ := pngWork.Get().(*pngDecoder)
	defer pngWork.Put(work)
	raw := work.inflate(h)
	if raw == nil {
		return nil
	}
	n := h.width * h.channels
	switch h.channels {
	case 1:
		m := image.NewGray(image.Rect(0, 0, h.width, h.height))
		if unfilter(m.Pix, raw, n, 1) {
			return m
		}
	case 3:
		m := NewRGB(h.width, h.height)
		if unfilter(m.Pix, raw, n, 3) {
			return m
		}
	default:
		m := image.NewNRGBA(image.Rect(0, 0, h.width, h.height))
		if unfilter(m.Pix, raw, n, 4) {
			return m
		}
	}
	return nil
}

// pngDecoder is the memory that decoding one picture needs beside the result.
type pngDecoder struct {
	in   bytes.Reader
	z    io.ReadCloser // reads in; nil before the first picture
	idat []byte
	raw  []byte
}

// pngWork keeps such memory between pictures.
var pngWork = sync.Pool{New: func() any { return new(pngDecoder) }}

// Larger pictures than maxRaw are left to image/png, which holds one row at a
// time: memory counts for more than speed then. A pooled decoder holds on to
// keepRaw at most.
const (
	maxRaw  = 16 << 20
	keepRaw = 4 << 20
)

// inflate returns the filtered rows, or nil. They are valid until the next
// call.
func (d *pngDecoder) inflate(h pngHeader) []byte {
	idat := h.idat[0]
	if len(h.idat) > 1 {
		d.idat = d.idat[:0]
		for _, part := range h.idat {
			d.idat = append(d.idat, part...)
		}
		idat = d.idat
	}
	size := h.rawSize()
	raw := d.raw
	if cap(raw) < size {
		raw = make([]byte, size)
	}
	if cap(raw) <= keepRaw {
		d.raw = raw
	}
	if cap(d.idat) > keepRaw {
		d.idat = nil
	}
	raw = raw[:size]
	d.in.Reset(idat)
	whole := d.fill(raw)
	d.in.Reset(nil) // lets go of the file
	if !whole {
		return nil
	}
	return raw
}

// fill decompresses the input, which must fill raw exactly.
func (d *pngDecoder) fill(raw []byte) bool {
	var err error
	if z, ok := d.z.(zlib.Resetter); ok {
		err = z.Reset(&d.in, nil)
	} else {
		d.z, err = zlib.NewReader(&d.in)
	}
	if err != nil {
		return false
	}
	if _, err := io.ReadFull(d.z, raw); err != nil {
		return false
	}
	// The end comes after the checksum.
	n, err := d.z.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, io.EOF) && d.in.Len() == 0
}

type pngHeader struct {
	width, height, channels int
	idat                    [][]byte
}

// rawSize returns the length of the filtered rows.
func (h pngHeader) rawSize() int { return h.height * (1 + h.width*h.channels) }

// parsePNG walks over the chunks and reports whether the fast path may go on.
func parsePNG(data []byte) (h pngHeader, ok bool) {
	const ihdrEnd = 8 + 8 + 13 + 4
	if len(data) < ihdrEnd || string(data[:8]) != "\x89PNG\r\n\x1a\n" ||
		binary.BigEndian.Uint32(data[8:]) != 13 || string(data[12:16]) != "IHDR" {
		return h, false
	}
	w, t := binary.BigEndian.Uint32(data[16:]), binary.BigEndian.Uint32(data[20:])
	channels := [7]int{0: 1, 2: 3, 6: 4}
	if w == 0 || t == 0 || w > maxSide || t > maxSide || data[24] != 8 || data[25] > 6 ||
		data[26] != 0 || data[27] != 0 || data[28] != 0 {
		return h, false
	}
	h.width, h.height, h.channels = int(w), int(t), channels[data[25]]
	if h.channels == 0 {
		return h, false
	}
	const before, inside, after = 0, 1, 2
	state := before
	for b := data[8:]; len(b) >= 12; {
		n := uint64(binary.BigEndian.Uint32(b))
		if n+12 > uint64(len(b)) || crc32.ChecksumIEEE(b[4:8+n]) != binary.BigEndian.Uint32(b[8+n:]) {
			return h, false
		}
		kind, body := string(b[4:8]), b[8:8+n]
		switch {
		case kind == "IHDR" && len(b) == len(data)-8:
		case kind == "IDAT" && state != after && n > 0:
			state = inside
			h.idat = append(h.idat, body)
		case kind == "IEND" && n == 0:
			return h, state != before
		case kind[0]&0x20 != 0 && kind != "tRNS": // ancillary
			if state == inside {
				state = after
			}
		default:
			return h, false
		}
		b = b[12+n:]
	}
	return h, false
}
