// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"bytes"
	"compress/zlib"
	"io"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/pixel/ifd"
)

// Metadata is what a file says of its picture.
type Metadata struct {
	// EXIF is a TIFF structure, without the "Exif\0\0" that JPEG puts before it.
	EXIF []byte
	// ICC is a colour profile.
	ICC []byte
	// Density is what JFIF, a PNG or a TIFF says of the resolution; what EXIF says
	// of it stays there.
	Density Density
}

// maxSize is the largest EXIF block or profile that is looked at.
const maxSize = 16 << 20

const (
	pngMagic   = "\x89PNG\r\n\x1a\n"
	jfifPrefix = "JFIF\x00"
	exifPrefix = "Exif\x00\x00"
	iccPrefix  = "ICC_PROFILE\x00"
)

// Read returns the metadata of a JPEG, PNG, WebP or TIFF file. Parts that are
// missing, damaged or larger than 16 MiB are empty, and so are those of any
// other file. Of a TIFF the EXIF is put together from what describes the
// picture and not how it is stored.
func Read(data []byte) Metadata {
	m := Metadata{EXIF: readEXIF(data), ICC: readICC(data), Density: readDensity(data)}
	if len(m.EXIF) > maxSize {
		m.EXIF = nil
	}
	if len(m.ICC) > maxSize {
		m.ICC = nil
	}
	return m
}

// Orientation returns the EXIF orientation that a file asks for, 1 to 8, and 1
// where there is none or it makes no sense.
func Orientation(data []byte) int {
	exif := data
	if formatOf(data) != formatTIFF {
		exif = readEXIF(data)
	}
	return orientationOf(exif)
}

// orientationOf is that of a TIFF structure.
func orientationOf(exif []byte) int {
	f, ok := ifd.Open(exif)
	if !ok {
		return 1
	}
	d, ok := f.Dir(f.First)
	if !ok {
		return 1
	}
	if e, ok := d.Find(tagOrientation); ok && e.Count == 1 {
		if v, ok := e.Uint(0); ok && v >= 1 && v <= 8 && e.Type != ifd.Byte {
			return int(v)
		}
	}
	return 1
}

type format int

const (
	formatOther format = iota
	formatJPEG
	formatPNG
	formatWebP
	formatTIFF
)

func formatOf(data []byte) format {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, markerSOI}):
		return formatJPEG
	case bytes.HasPrefix(data, []byte(pngMagic)):
		return formatPNG
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return formatWebP
	}
	if _, ok := ifd.Open(data); ok {
		return formatTIFF
	}
	return formatOther
}

// readEXIF returns a part of data or, for a TIFF, a block of its own.
func readEXIF(data []byte) []byte {
	switch formatOf(data) {
	case formatJPEG:
		for marker, at := range jpegSegments(data) {
			body := data[at[0]:at[1]:at[1]]
			if exif, ok := bytes.CutPrefix(body, []byte(exifPrefix)); ok && marker == markerAPP1 {
				return exif
			}
		}
	case formatPNG:
		return findEXIF(PNGChunks(data), "eXIf")
	case formatWebP:
		return findEXIF(RIFFChunks(data), "EXIF")
	case formatTIFF:
		return exifOfTIFF(data)
	case formatOther:
	}
	return nil
}

// findEXIF returns the first chunk of a kind. Some writers put JPEG's prefix
// before it.
func findEXIF(chunks func(func(string, []byte) bool), kind string) []byte {
	for k, body := range chunks {
		if k == kind {
			return bytes.TrimPrefix(body, []byte(exifPrefix))
		}
	}
	return nil
}

func readICC(data []byte) []byte {
	switch formatOf(data) {
	case formatJPEG:
		return jpegICC(data)
	case formatPNG:
		for kind, body := range PNGChunks(data) {
			if kind == "iCCP" {
				return inflateICC(body)
			}
		}
	case formatWebP:
		for kind, body := range RIFFChunks(data) {
			if kind == "ICCP" {
				return body
			}
		}
	case formatTIFF:
		f, _ := ifd.Open(data)
		if d, ok := f.Dir(f.First); ok {
			e, _ := d.Find(tagICC)
			return e.Value
		}
	case formatOther:
	}
	return nil
}

// jpegICC joins the profile's parts, each of which says its number and how many
// there are. A profile with a missing or a doubled part is none.
func jpegICC(data []byte) []byte {
	var parts [256][]byte
	var found, count int
	for marker, at := range jpegSegments(data) {
		body, ok := bytes.CutPrefix(data[at[0]:at[1]], []byte(iccPrefix))
		if !ok || marker != markerAPP2 || len(body) < 2 {
			continue
		}
		number, of := int(body[0]), int(body[1])
		if number < 1 || number > of || count != 0 && of != count || parts[number] != nil {
			return nil
		}
		parts[number], count = body[2:], of
		found++
	}
	if found == 0 || found != count {
		return nil
	}
	return slices.Concat(parts[:]...)
}

// inflateICC unpacks an iCCP chunk: a name, a zero, the method 0 and a zlib
// stream.
func inflateICC(body []byte) []byte {
	_, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) == 0 || rest[0] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(rest[1:]))
	if err != nil {
		return nil
	}
	icc, err := io.ReadAll(io.LimitReader(z, maxSize+1))
	if err != nil || len(icc) > maxSize {
		return nil
	}
	return icc
}
