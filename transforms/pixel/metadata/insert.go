// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Segment is a marker segment of a JPEG. Data comes without the length.
type Segment struct {
	Marker byte
	Data   []byte
}

// maxSegment is the most bytes that a segment holds.
const maxSegment = 65533

// JPEGSegments returns the segments to put behind a JPEG's first marker: JFIF,
// then EXIF and ICC where there are any. An EXIF block of more than 65,527
// bytes, as files other than JPEGs may have, does not fit and is left out, and so
// is a profile of more than 16 MB.
func (m Metadata) JPEGSegments() []Segment {
	out := []Segment{{markerAPP0, m.Density.jfifBody()}}
	if n := len(m.EXIF); n > 0 && n+len(exifPrefix) <= maxSegment {
		out = append(out, Segment{markerAPP1, append([]byte(exifPrefix), m.EXIF...)})
	}
	const part = maxSegment - len(iccPrefix) - 2
	count := (len(m.ICC) + part - 1) / part
	if count > 255 {
		return out
	}
	for i := range count {
		body := append([]byte(iccPrefix), byte(i+1), byte(count))
		body = append(body, m.ICC[i*part:min(len(m.ICC), (i+1)*part)]...)
		out = append(out, Segment{markerAPP2, body})
	}
	return out
}

// InsertJPEG returns a JPEG file with m's metadata in place of its own EXIF, ICC
// and JFIF segments.
func InsertJPEG(file []byte, m Metadata) ([]byte, error) {
	if formatOf(file) != formatJPEG {
		return nil, errors.New("adding metadata: not a JPEG")
	}
	size, segments := len(file), m.JPEGSegments()
	for _, s := range segments {
		size += len(s.Data) + 4
	}
	out := append(make([]byte, 0, size), 0xff, markerSOI)
	for _, s := range segments {
		out = binary.BigEndian.AppendUint16(append(out, 0xff, s.Marker), uint16(len(s.Data)+2))
		out = append(out, s.Data...)
	}
	rest := 2 // the file from here on has not been looked at
	for marker, at := range jpegSegments(file) {
		body := file[at[0]:at[1]]
		switch {
		case marker == markerAPP0 && bytes.HasPrefix(body, []byte(jfifPrefix)),
			marker == markerAPP1 && bytes.HasPrefix(body, []byte(exifPrefix)),
			marker == markerAPP2 && bytes.HasPrefix(body, []byte(iccPrefix)):
		default:
			out = append(out, file[rest:at[1]]...)
		}
		rest = at[1]
	}
	return append(out, file[rest:]...), nil
}

// InsertPNG returns a PNG file with m's metadata in place of its own EXIF and
// ICC chunks. A profile replaces what the file says of its colours otherwise, and
// a density its own.
func InsertPNG(file []byte, m Metadata) ([]byte, error) {
	const ihdrEnd = len(pngMagic) + 12 + 13
	if formatOf(file) != formatPNG || len(file) < ihdrEnd || string(file[8:16]) != "\x00\x00\x00\x0dIHDR" {
		return nil, errors.New("adding metadata: not a PNG")
	}
	size := len(file) + len(m.EXIF) + len(m.ICC) + 64
	out := append(make([]byte, 0, size), file[:ihdrEnd]...)
	if len(m.ICC) > 0 {
		body := bytes.NewBufferString("ICC profile\x00\x00")
		z := zlib.NewWriter(body)
		if _, err := z.Write(m.ICC); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		out = appendChunk(out, "iCCP", body.Bytes())
	}
	if len(m.EXIF) > 0 {
		out = appendChunk(out, "eXIf", m.EXIF)
	}
	phys := m.Density.physBody()
	if phys != nil {
		out = appendChunk(out, "pHYs", phys)
	}
	at := len(pngMagic)
	for kind, body := range PNGChunks(file) {
		end := at + 12 + len(body)
		if at > len(pngMagic) && !replaced(kind, len(m.ICC) > 0, phys != nil) {
			out = append(out, file[at:end]...)
		}
		at = end
	}
	return append(out, file[at:]...), nil
}

// replaced reports whether chunks of this kind give way to those put in.
func replaced(kind string, profile, density bool) bool {
	switch kind {
	case "pHYs":
		return density
	case "eXIf", "iCCP":
		return true
	case "sRGB", "gAMA", "cHRM", "cICP":
		return profile
	}
	return false
}

func appendChunk(b []byte, kind string, body []byte) []byte {
	at := len(b) + 4
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[at:]))
}
