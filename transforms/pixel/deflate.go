// SPDX-License-Identifier: Apache-2.0

package pixel

import "encoding/binary"

// deflater compresses filtered PNG rows. What is left of a picture after the
// filter is noise of small values between long repetitions, so it looks for
// matches of at least six bytes only: shorter ones cost more than their
// literals (zlib's Z_FILTERED, which libpng and Pillow use for the same
// reason). That also makes the search cheap. The same writes give the same
// bytes.
type deflater struct {
	out  bitWriter
	buf  []byte // history of up to maxBack bytes, then what is not yet packed
	base uint32 // the position of buf[0] in the stream, plus 1
	pos  int    // the next byte of buf to pack

	// head holds the newest position for each hash, prev the one before it with
	// the same hash, by the position's low bits; 0 is none.
	head [1 << hashBits]uint32
	prev [maxBack]uint32

	tokens    []uint32 // literal, or 1<<31 | length-3 << 16 | distance-1
	litCount  [286]uint32
	distCount [30]uint32
	codes     blockCodes
}

const (
	maxBack   = 1 << 15
	maxLength = 258
	minLength = 6
	hashBits  = 15
	segment   = 1 << 17 // bytes packed at a time
	maxTokens = 1 << 14 // in a block: its codes fit a part of the picture
	// The search gives up after maxChain candidates, is content with a match of
	// niceLength, and does not look for a better one a byte later above
	// lazyLength. Found by trial: twice the chain saves half a percent of bytes
	// and costs a tenth of the time.
	maxChain   = 8
	niceLength = 128
	lazyLength = 32
	matchToken = 1 << 31
)

// reset starts a new stream, which is appended to dst.
func (d *deflater) reset(dst []byte) {
	d.out = bitWriter{buf: dst}
	d.buf, d.base, d.pos = d.buf[:0], 1, 0
	clear(d.head[:])
	d.startBlock()
}

func (d *deflater) startBlock() {
	d.tokens = d.tokens[:0]
	clear(d.litCount[:])
	clear(d.distCount[:])
}

// write takes more input.
func (d *deflater) write(p []byte) {
	d.buf = append(d.buf, p...)
	// A match may reach maxLength beyond a position, and the byte after it is
	// looked at too.
	if len(d.buf)-d.pos >= segment+maxLength+1 {
		d.pack(len(d.buf) - maxLength - 1)
		d.slide()
	}
}

// slide drops the history that no match can reach any more.
func (d *deflater) slide() {
	if drop := d.pos - maxBack; drop > 0 {
		n := copy(d.buf, d.buf[drop:])
		d.buf = d.buf[:n]
		d.base += uint32(drop)
		d.pos -= drop
	}
}

// finish ends the stream and returns dst with it.
func (d *deflater) finish() []byte {
	d.pack(len(d.buf))
	d.writeBlock(true)
	return d.out.flush()
}

// pack turns the bytes up to end into tokens.
func (d *deflater) pack(end int) {
	for d.pos < end {
		length, back := d.find(d.pos, minLength-1)
		if length == 0 {
			d.literal()
			continue
		}
		// A longer match one byte later is worth a literal now.
		d.insert(d.pos)
		start := d.pos
		for length < lazyLength && d.pos+1 < end {
			l, b := d.find(d.pos+1, length)
			if l == 0 {
				break
			}
			d.emitLiteral(d.buf[d.pos])
			d.pos++
			d.insert(d.pos)
			length, back, start = l, b, d.pos
		}
		d.emitMatch(length, back)
		d.skip(start, length)
	}
}

// literal emits the next byte as it is.
func (d *deflater) literal() {
	d.insert(d.pos)
	d.emitLiteral(d.buf[d.pos])
	d.pos++
}

// skip passes over a match whose first position is in the table. Of a long
// one only the ends are entered: its inside repeats what is there already.
func (d *deflater) skip(start, length int) {
	d.pos = start + length
	if length > 4*niceEnds {
		for i := start + 1; i < start+niceEnds; i++ {
			d.insert(i)
		}
		start = d.pos - niceEnds
	}
	for i := start + 1; i < d.pos; i++ {
		d.insert(i)
	}
}

const niceEnds = 8

// hashAt hashes the six bytes at i, which must be there with two more.
func (d *deflater) hashAt(i int) uint32 {
	return uint32(binary.LittleEndian.Uint64(d.buf[i:])<<16*0x9e3779b97f4a7c15>>(64-hashBits)) & (1<<hashBits - 1)
}

// insert enters position i.
func (d *deflater) insert(i int) {
	if i+8 > len(d.buf) {
		return
	}
	h := d.hashAt(i)
	at := d.base + uint32(i)
	d.prev[at%maxBack] = d.head[h]
	d.head[h] = at
}

// find returns the longest match for position i of more than atLeast bytes,
// or a length of 0.
func (d *deflater) find(i, atLeast int) (length, back int) {
	if i+8 > len(d.buf) {
		return 0, 0
	}
	limit := min(maxLength, len(d.buf)-i)
	if limit <= atLeast {
		return 0, 0
	}
	here := d.buf[i : i+limit]
	at := d.base + uint32(i)
	best := atLeast
	candidate := d.head[d.hashAt(i)]
	for range maxChain {
		distance := at - candidate
		if candidate == 0 || distance > maxBack || int(distance) > i {
			break
		}
		there := d.buf[i-int(distance):]
		if there[best] == here[best] {
			if l := common(here, there); l > best {
				best, length, back = l, l, int(distance)
				if l >= niceLength || l == limit {
					break
				}
			}
		}
		older := d.prev[candidate%maxBack]
		if older >= candidate { // overwritten since
			break
		}
		candidate = older
	}
	return length, back
}
