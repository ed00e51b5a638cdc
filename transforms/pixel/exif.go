// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
)

// exifOrientation returns the orientation tag of a TIFF structure, which is
// also the body of an EXIF block: 1 to 8, and 1 where there is none or it
// makes no sense, since a damaged tag is no reason to lose the picture.
func exifOrientation(b []byte) int {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return 1
	}
	if len(b) < 8 {
		return 1
	}
	start := uint64(order.Uint32(b[4:]))
	if start+2 > uint64(len(b)) {
		return 1
	}
	entries := int(order.Uint16(b[start:]))
	b = b[start+2:]
	for ; entries > 0 && len(b) >= 12; entries, b = entries-1, b[12:] {
		const tagOrientation, typeShort, typeLong = 0x0112, 3, 4
		if order.Uint16(b) != tagOrientation || order.Uint32(b[4:]) != 1 {
			continue
		}
		var v uint32
		switch order.Uint16(b[2:]) {
		case typeShort:
			v = uint32(order.Uint16(b[8:]))
		case typeLong:
			v = order.Uint32(b[8:])
		}
		if v >= 1 && v <= 8 {
			return int(v)
		}
		return 1
	}
	return 1
}

// jpegOrientation finds the EXIF block among the segments before the first
// scan.
func jpegOrientation(data []byte) int {
	const app1, sos, eoi = 0xe1, 0xda, 0xd9
	for b := data[min(2, len(data)):]; len(b) >= 4; {
		if b[0] != 0xff {
			return 1
		}
		marker := b[1]
		switch {
		case marker == 0xff: // fill byte
			b = b[1:]
			continue
		case marker == sos || marker == eoi:
			return 1
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd7: // markers without a length
			b = b[2:]
			continue
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < 2 || n+2 > len(b) {
			return 1
		}
		if body, ok := bytes.CutPrefix(b[4:n+2], []byte("Exif\x00\x00")); ok && marker == app1 {
			return exifOrientation(body)
		}
		b = b[n+2:]
	}
	return 1
}

// pngOrientation reads the eXIf chunk, before or after the pixels.
func pngOrientation(data []byte) int {
	o := 1
	pngChunks(data, func(kind string, body []byte) bool {
		if kind != "eXIf" {
			return true
		}
		o = exifOrientation(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
		return false
	})
	return o
}

// webpOrientation reads the EXIF chunk. Some writers put JPEG's "Exif" prefix
// before it.
func webpOrientation(data []byte) int {
	o := 1
	riffChunks(data, func(kind string, body []byte) bool {
		if kind != "EXIF" {
			return true
		}
		o = exifOrientation(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
		return false
	})
	return o
}

// pngChunks calls visit for each whole chunk until it returns false; checksums
// are not looked at.
func pngChunks(data []byte, visit func(kind string, body []byte) bool) {
	for b := data[min(8, len(data)):]; len(b) >= 12; {
		n := uint64(binary.BigEndian.Uint32(b))
		if n+12 > uint64(len(b)) || !visit(string(b[4:8]), b[8:8+n]) {
			return
		}
		b = b[12+n:]
	}
}

// riffChunks calls visit for each whole chunk of a WebP file until it returns
// false.
func riffChunks(data []byte, visit func(kind string, body []byte) bool) {
	for b := data[min(12, len(data)):]; len(b) >= 8; {
		n := uint64(binary.LittleEndian.Uint32(b[4:]))
		if n+8 > uint64(len(b)) || !visit(string(b[:4]), b[8:8+n]) {
			return
		}
		b = b[min(uint64(len(b)), 8+n+n&1):]
	}
}
