// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"image"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel/ifd"
)

// The tags of TIFF that say how a picture is stored.
const (
	tiffNewSubfileType  = 254
	tiffSubfileType     = 255
	tiffWidth           = 256
	tiffHeight          = 257
	tiffBitsPerSample   = 258
	tiffCompression     = 259
	tiffPhotometric     = 262
	tiffFillOrder       = 266
	tiffStripOffsets    = 273
	tiffOrientation     = 274
	tiffSamplesPerPixel = 277
	tiffRowsPerStrip    = 278
	tiffStripByteCounts = 279
	tiffPlanar          = 284
	tiffT4Options       = 292
	tiffPredictor       = 317
	tiffColorMap        = 320
	tiffTileWidth       = 322
	tiffTileLength      = 323
	tiffTileOffsets     = 324
	tiffTileByteCounts  = 325
	tiffSubIFDs         = 330
	tiffInkSet          = 332
	tiffExtraSamples    = 338
	tiffSampleFormat    = 339
	tiffJPEGTables      = 347
)

func tiffUnsupported(reason string, args ...any) error {
	return fault.Picture(fault.StageDecode, "unsupported TIFF: "+reason, args...)
}

func tiffDamaged(reason string, args ...any) error {
	return fault.Picture(fault.StageDecode, "damaged TIFF: "+reason, args...)
}

// maxTIFFDirs is how many directories of a file are looked at.
const maxTIFFDirs = 1000

// tiffDir returns the directory of the one picture in a file. Reduced copies and
// masks beside it do not count; more pictures are an error that names their
// number.
func tiffDir(data []byte) (f ifd.File, page ifd.Dir, err error) {
	f, ok := ifd.Open(data)
	if !ok {
		return f, page, tiffDamaged("malformed header")
	}
	const reduced, mask = 1 << 0, 1 << 2
	const oldReduced = 2
	pages, entries := 0, 0
	seen := map[uint32]bool{}
	var first ifd.Dir
	for at, n := f.First, 0; at != 0 && n < maxTIFFDirs && entries < 1<<20 && !seen[at]; n++ {
		seen[at] = true
		d, ok := f.Dir(at)
		switch {
		case !ok && n == 0:
			return f, page, tiffDamaged("its directory lies outside of the file")
		case !ok:
			at = 0 // a broken end of the chain loses no picture
			continue
		}
		if n == 0 {
			first = d
		}
		entries += len(d.Entries)
		at = d.Next
		if d.Uint(tiffNewSubfileType, 0)&(reduced|mask) != 0 || d.Uint(tiffSubfileType, 0) == oldReduced {
			continue
		}
		if pages++; pages == 1 {
			page = d
		}
	}
	if _, raw := first.Find(tiffSubIFDs); pages == 0 && raw {
		return f, page, tiffUnsupported("it holds a preview only, as the raw files of cameras do")
	}
	switch pages {
	case 0:
		return f, first, nil
	case 1:
		return f, page, nil
	}
	return f, page, fault.Picture(fault.StageDecode, "TIFF with %d pages: split it, a coloured picture has one", pages)
}

// tiffConfig reads the header, and rejects what cannot be decoded.
func tiffConfig(data []byte) (image.Config, error) {
	p, err := openTIFF(data)
	if err != nil {
		return image.Config{}, err
	}
	return image.Config{Width: p.width, Height: p.height, ColorModel: p.model()}, nil
}

func decodeTIFF(data []byte) (image.Image, error) {
	p, err := openTIFF(data)
	if err != nil {
		return nil, err
	}
	if err := p.locate(); err != nil {
		return nil, err
	}
	if p.compression == tiffJPEG {
		return p.decodeJPEG()
	}
	return p.decode()
}

// orientationOfTIFF is that of the picture's own directory.
func orientationOfTIFF(data []byte) int {
	if _, d, err := tiffDir(data); err == nil {
		if v := d.Uint(tiffOrientation, 1); v >= 1 && v <= 8 {
			return int(v)
		}
	}
	return 1
}

// tiffAtLeast bounds the file's length from below by what its pixels need at the
// best compression. Strips that share their bytes would be too clever a saving.
func tiffAtLeast(data []byte, _ image.Config) int64 {
	p, err := openTIFF(data)
	if err != nil {
		return 0
	}
	raw := (int64(p.width)*int64(p.samples)*int64(p.bits) + 7) / 8 * int64(p.height)
	switch p.compression {
	case tiffNone:
		return raw
	case tiffPackBits:
		return raw / 64 // two bytes stand for at most 128
	case tiffLZW:
		return raw / 4096 // a code of 12 bits for at most that many
	case tiffDeflate, tiffDeflateOld:
		return raw / 1032
	case tiffJPEG:
		return raw / (64 * 8 * 4) // one bit for a block of 8 by 8, chroma may be subsampled
	}
	return 0 // a blank page takes a bit for each row
}

// isBigTIFF knows the variant with offsets of 64 bits.
func isBigTIFF(data []byte) bool {
	return bytes.HasPrefix(data, []byte("II+\x00")) || bytes.HasPrefix(data, []byte("MM\x00+"))
}
