// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"encoding/binary"
	"math/rand/v2"
)

// noise describes a file of random coefficients.
type noise struct {
	w, h     int
	sampling []byte // 0x22, 0x11, 0x11
	restart  int    // MCUs between restart markers
	separate bool   // one scan for each component
	// progressive files have two scans for each component, of its means and of
	// all else; the coefficients are those of separate scans.
	progressive bool
	wide        bool // 16-bit quantization tables
	loud        bool // coefficients that leave the range of pixels
	fill        bool // fill bytes before markers
}

// acSymbols are the values of the AC table by length of their codes: codes of
// 13 bits are more than the look-up tables hold.
func acSymbols() (bits [16]byte, vals []byte) {
	vals = []byte{0x00, 0x01, 0x02, 0x03, 0x11}
	bits[1], bits[2], bits[3] = 2, 1, 2
	for run := range 16 {
		for size := 1; size <= 10; size++ {
			if v := byte(run<<4 | size); v != 0x01 && v != 0x02 && v != 0x03 && v != 0x11 {
				vals = append(vals, v)
				bits[12]++
			}
		}
	}
	vals = append(vals, 0xf0)
	bits[12]++
	return bits, vals
}

type code struct {
	bits uint32
	n    int
}

func codes(bits [16]byte, vals []byte) map[byte]code {
	m := map[byte]code{}
	c := uint32(0)
	for i, count := range bits {
		for range count {
			m[vals[0]] = code{c, i + 1}
			vals = vals[1:]
			c++
		}
		c <<= 1
	}
	return m
}

// bitWriter stuffs zeros.
type bitWriter struct {
	b   []byte
	acc uint32
	n   int
}

func (w *bitWriter) write(bits uint32, n int) {
	for i := n - 1; i >= 0; i-- {
		w.acc = w.acc<<1 | bits>>i&1
		if w.n++; w.n == 8 {
			w.b = append(w.b, byte(w.acc))
			if byte(w.acc) == 0xff {
				w.b = append(w.b, 0)
			}
			w.acc, w.n = 0, 0
		}
	}
}

func (w *bitWriter) flush() {
	for w.n != 0 {
		w.write(1, 1)
	}
}

// number writes a symbol whose low bits are v's size, and v.
func (w *bitWriter) number(table map[byte]code, run, v int) {
	size, x := 0, max(v, -v)
	for x>>size != 0 {
		size++
	}
	c := table[byte(run<<4|size)]
	w.write(c.bits, c.n)
	if v < 0 {
		v += 1<<size - 1
	}
	w.write(uint32(v), size)
}

func (n noise) encode() []byte {
	source := rand.NewPCG(uint64(n.w), uint64(n.h))
	b := []byte{0xff, 0xd8}
	segment := func(marker byte, body []byte) {
		if n.fill {
			b = append(b, 0xff, 0xff)
		}
		b = append(b, 0xff, marker)
		b = binary.BigEndian.AppendUint16(b, uint16(len(body)+2))
		b = append(b, body...)
	}
	dqt := []byte{0}
	for i := range 64 {
		if n.wide {
			dqt[0] = 0x10
			dqt = append(dqt, 0)
		}
		dqt = append(dqt, byte(2+i%2))
	}
	segment(markerDQT, dqt)
	sof := []byte{8, byte(n.h >> 8), byte(n.h), byte(n.w >> 8), byte(n.w), byte(len(n.sampling))}
	for i, s := range n.sampling {
		sof = append(sof, byte(i+1), s, 0)
	}
	segment(map[bool]byte{false: markerSOF0, true: markerSOF2}[n.progressive], sof)
	var dcBits [16]byte
	dcBits[3] = 12
	dcVals := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	acBits, acVals := acSymbols()
	dht := append(append([]byte{0}, dcBits[:]...), dcVals...)
	segment(markerDHT, append(append(append(dht, 0x10), acBits[:]...), acVals...))
	if n.restart > 0 {
		segment(markerDRI, []byte{byte(n.restart >> 8), byte(n.restart)})
	}
	w := &scanWriter{noise: n, rng: rand.New(source), dc: codes(dcBits, dcVals), ac: codes(acBits, acVals)}
	var scans [][]int
	for i := range n.sampling {
		if n.separate || n.progressive || i == 0 {
			scans = append(scans, nil)
		}
		scans[len(scans)-1] = append(scans[len(scans)-1], i)
	}
	for _, comps := range scans {
		sos := []byte{byte(len(comps))}
		for _, c := range comps {
			sos = append(sos, byte(c+1), 0)
		}
		if !n.progressive {
			segment(markerSOS, append(sos, 0, 63, 0))
			b = append(b, w.scan(comps)...)
			continue
		}
		before := *source
		w.part = onlyDC
		segment(markerSOS, append(sos, 0, 0, 0))
		b = append(b, w.scan(comps)...)
		*source, w.part = before, onlyAC
		segment(markerSOS, append(sos, 1, 63, 0))
		b = append(b, w.scan(comps)...)
	}
	return append(b, 0xff, markerEOI)
}

// What of its blocks a scan has.
const (
	wholeBlocks = iota
	onlyDC
	onlyAC
)

type scanWriter struct {
	noise

	rng    *rand.Rand
	dc, ac map[byte]code
	bits   bitWriter
	last   [3]int
	part   int
}

// scan writes a scan, in MCUs of one block where it is of one component.
func (w *scanWriter) scan(comps []int) []byte {
	w.bits, w.last = bitWriter{}, [3]int{}
	factors := func(c int) (h, v int) { return int(w.sampling[c] >> 4), int(w.sampling[c] & 15) }
	h0, v0 := factors(0)
	across, down := (w.w+8*h0-1)/(8*h0), (w.h+8*v0-1)/(8*v0)
	if len(comps) == 1 {
		h, v := factors(comps[0])
		across, down = (w.w*h+8*h0-1)/(8*h0), (w.h*v+8*v0-1)/(8*v0)
	}
	for mcu := range across * down {
		if w.restart > 0 && mcu > 0 && mcu%w.restart == 0 {
			w.bits.flush()
			if w.fill {
				w.bits.b = append(w.bits.b, 0xff)
			}
			w.bits.b = append(w.bits.b, 0xff, byte(markerRST0+(mcu/w.restart-1)%8))
			w.last = [3]int{}
		}
		if len(comps) == 1 {
			w.block(comps[0])
			continue
		}
		for _, c := range comps {
			h, v := factors(c)
			for range h * v {
				w.block(c)
			}
		}
	}
	w.bits.flush()
	return w.bits.b
}

func (w *scanWriter) block(c int) {
	dc := w.rng.IntN(480) - 240
	if w.part != onlyAC {
		w.bits.number(w.dc, 0, dc-w.last[c])
	}
	w.last[c] = dc
	size, count := 10, w.rng.IntN(7)
	if w.loud {
		size, count = 200, w.rng.IntN(64)
	}
	k := 1
	for range count {
		run := w.rng.IntN(4)
		if w.rng.IntN(8) == 0 {
			run = w.rng.IntN(40)
		}
		v := w.rng.IntN(2*size) - size
		if v == 0 || k+run > 63 {
			continue
		}
		k += run + 1
		if w.part != onlyDC {
			w.number(run, v)
		}
	}
	if k < 64 && w.part != onlyDC {
		w.bits.write(w.ac[0].bits, w.ac[0].n)
	}
}

// number writes an AC coefficient behind run zeros.
func (w *scanWriter) number(run, v int) {
	for ; run > 15; run -= 16 {
		w.bits.write(w.ac[0xf0].bits, w.ac[0xf0].n)
	}
	w.bits.number(w.ac, run, v)
}
