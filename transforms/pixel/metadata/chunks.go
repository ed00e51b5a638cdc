// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"encoding/binary"
	"iter"
)

// PNGChunks yields kind and body of each whole chunk of a PNG; checksums are not
// looked at.
func PNGChunks(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for b := data[min(len(pngMagic), len(data)):]; len(b) >= 12; {
			n := uint64(binary.BigEndian.Uint32(b))
			if n+12 > uint64(len(b)) || !yield(string(b[4:8]), b[8:8+n:8+n]) {
				return
			}
			b = b[12+n:]
		}
	}
}

// RIFFChunks yields kind and body of each whole chunk of a WebP file.
func RIFFChunks(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for b := data[min(12, len(data)):]; len(b) >= 8; {
			n := uint64(binary.LittleEndian.Uint32(b[4:]))
			if n+8 > uint64(len(b)) || !yield(string(b[:4]), b[8:8+n:8+n]) {
				return
			}
			b = b[min(uint64(len(b)), 8+n+n&1):]
		}
	}
}

// The markers of JPEG that matter here.
const (
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerAPP0 = 0xe0
	markerAPP1 = 0xe1
	markerAPP2 = 0xe2
)

// jpegSegments yields the segments before the first scan: their markers and
// where in data their bodies lie.
func jpegSegments(data []byte) iter.Seq2[byte, [2]int] {
	return func(yield func(byte, [2]int) bool) {
		for at := 2; at+4 <= len(data) && data[at] == 0xff; {
			switch marker := data[at+1]; {
			case marker == 0xff: // fill byte
				at++
			case marker == markerSOS || marker == markerEOI:
				return
			case marker == 0x01 || marker >= 0xd0 && marker <= 0xd7: // markers without a length
				at += 2
			default:
				end := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
				if end < at+4 || end > len(data) || !yield(marker, [2]int{at + 4, end}) {
					return
				}
				at = end
			}
		}
	}
}
