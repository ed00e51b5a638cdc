// SPDX-License-Identifier: Apache-2.0

package jpeg

const (
	// fixedBytes is what windows, tables and buffers take.
	fixedBytes = 512 << 10
	// blockBytes is what a block of luma takes but for its bits, and tokenBytes
	// what chroma's tokens take for it.
	blockBytes = 2 + 4 + 2
	tokenBytes = 16
)

// LumaBytes returns from a file's header what [ReadLuma] and [Luma.WriteColor]
// take at most, in bytes and without the file; 0 where the header cannot be read.
// Once the luma has been read, [Luma.Bytes] is less, for a progressive file by
// far. Both count on the smooth colour of a network: noise may take 128 bytes of
// tokens for a block.
func LumaBytes(data []byte) int64 {
	d := decoder{data: data, scale: 8}
	if !d.header() {
		return 0
	}
	mxx, myy := d.mcus()
	blocks := int64(mxx) * int64(myy) * int64(d.comp[0].h*d.comp[0].v)
	size := int64(len(data))
	if !d.progressive {
		bits := min(size, 64*blocks) + blocks
		return fixedBytes + blocks*(blockBytes+tokenBytes) + bits + bits/2 // once more where room is given back
	}
	// All coefficients and which of them are not zero, chroma's means, and the
	// code, which may turn out longer than in the file and than it was taken for.
	const coefficients = 2*64 + 8
	means := int64(0)
	if d.nComp == 3 {
		means = int64(mxx) * int64(myy) * int64(d.comp[1].h*d.comp[1].v) * 2 * 2
	}
	return fixedBytes + blocks*(coefficients+blockBytes+3*2) + means + 2*size
}

// Bytes returns what the luma holds and what WriteColor will take beside, in
// bytes.
func (l *Luma) Bytes() int64 {
	return fixedBytes + int64(len(l.dc))*(blockBytes+tokenBytes) + int64(cap(l.bits))
}

// header reads as far as the frame's header.
func (d *decoder) header() bool {
	if b, err := d.take(2); err != nil || b[0] != 0xff || b[1] != markerSOI {
		return false
	}
	for {
		marker, err := d.marker()
		if err != nil || marker == markerEOI || marker == markerSOS {
			return false
		}
		if marker >= markerRST0 && marker <= markerRST7 {
			continue
		}
		b, err := d.take(2)
		if err != nil {
			return false
		}
		n := int(b[0])<<8 + int(b[1]) - 2
		if marker == markerSOF0 || marker == markerSOF1 || marker == markerSOF2 {
			d.progressive = marker == markerSOF2
			return n >= 0 && d.processSOF(n) == nil
		}
		if _, err := d.take(max(n, 0)); n < 0 || err != nil {
			return false
		}
	}
}
