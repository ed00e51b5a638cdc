// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"image/color"

	"github.com/chromabeam/chromabeam/transforms/pixel/ifd"
)

// The compressions that are read.
const (
	tiffNone       = 1
	tiffG3         = 3
	tiffG4         = 4
	tiffLZW        = 5
	tiffJPEG       = 7
	tiffDeflate    = 8
	tiffDeflateOld = 32946
	tiffPackBits   = 32773
)

// The meanings of samples (PhotometricInterpretation) that are read.
const (
	tiffWhiteIsZero = 0
	tiffBlackIsZero = 1
	tiffRGB         = 2
	tiffPalette     = 3
	tiffCMYK        = 5
	tiffYCbCr       = 6
)

// tiffPage is how a picture is stored in a TIFF.
type tiffPage struct {
	file          ifd.File
	dir           ifd.Dir
	width, height int
	compression   uint32
	photometric   uint32
	bits          int // of each sample
	samples       int // of each pixel, extra ones included
	channels      int // of its colour
	alpha         int // 0 for none, 1 where colour is multiplied by it, 2 where not
	planar        bool
	palette       color.Palette

	// Blocks are strips or tiles.
	tiled                   bool
	blockWidth, blockHeight int
	across, down            int
	offsets, counts         ifd.Entry
	blocks                  [][]byte // packed; of one plane after the other, set by locate
}

// openTIFF reads the directory of a file's picture. What cannot be decoded is an
// error that says why. It allocates nothing of the picture's size.
func openTIFF(data []byte) (*tiffPage, error) {
	f, d, err := tiffDir(data)
	if err != nil {
		return nil, err
	}
	p := &tiffPage{
		file: f, dir: d,
		compression: d.Uint(tiffCompression, tiffNone),
		photometric: d.Uint(tiffPhotometric, tiffBlackIsZero),
		samples:     int(min(d.Uint(tiffSamplesPerPixel, 1), 1<<16)),
		planar:      d.Uint(tiffPlanar, 1) == 2,
	}
	w, h := d.Uint(tiffWidth, 0), d.Uint(tiffHeight, 0)
	if w == 0 || h == 0 || w > maxSide || h > maxSide {
		return nil, tiffDamaged("it claims %dx%d pixels", w, h)
	}
	p.width, p.height = int(w), int(h)
	for _, check := range []func() error{p.checkCompression, p.checkSamples, p.checkColor, p.checkBlocks} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *tiffPage) checkCompression() error {
	switch c := p.compression; c {
	case tiffNone, 0:
		p.compression = tiffNone
	case tiffG3:
		const twoDimensions, filled = 1 << 0, 1 << 2
		switch options := p.dir.Uint(tiffT4Options, 0); {
		case options&twoDimensions != 0:
			return tiffUnsupported("CCITT Group 3 in two dimensions")
		case options&filled != 0:
			return tiffUnsupported("CCITT Group 3 with fill bits")
		}
	case tiffG4, tiffLZW, tiffDeflate, tiffDeflateOld, tiffPackBits, tiffJPEG:
	default:
		if name, ok := compressionNames()[c]; ok {
			return tiffUnsupported("compression %d (%s)", c, name)
		}
		return tiffUnsupported("compression %d", c)
	}
	return nil
}

func compressionNames() map[uint32]string {
	return map[uint32]string{
		2: "CCITT run lengths", 6: "old-style JPEG", 9: "JBIG", 10: "JBIG", 32766: "NeXT", 32771: "CCITT run lengths by words",
		32809: "ThunderScan", 33003: "JPEG 2000", 33005: "JPEG 2000", 34661: "JBIG", 34676: "SGI LogLuv", 34677: "SGI LogLuv",
		34712: "JPEG 2000", 34887: "LERC", 34892: "lossy JPEG of a raw file", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP",
		50002: "JPEG XL", 52546: "JPEG XL",
	}
}

func (p *tiffPage) checkSamples() error {
	if p.samples < 1 || p.samples > 16 {
		return tiffUnsupported("%d samples a pixel", p.samples)
	}
	p.bits = int(p.dir.Uint(tiffBitsPerSample, 1))
	if e, ok := p.dir.Find(tiffBitsPerSample); ok {
		for i := range min(e.Len(), p.samples) {
			if v, _ := e.Uint(i); v != uint32(p.bits) {
				return tiffUnsupported("samples of different sizes")
			}
		}
	}
	const unsigned, signed, float, undefined = 1, 2, 3, 4
	switch format := p.dir.Uint(tiffSampleFormat, unsigned); format {
	case unsigned, undefined:
	case signed:
		return tiffUnsupported("signed samples")
	case float:
		return tiffUnsupported("%d-bit floating-point samples", p.bits)
	default:
		return tiffUnsupported("sample format %d", format)
	}
	switch p.bits {
	case 1, 2, 4, 8, 16:
	default:
		return tiffUnsupported("samples of %d bits", p.bits)
	}
	if p.bits != 1 && (p.compression == tiffG3 || p.compression == tiffG4) {
		return tiffDamaged("CCITT compression of %d-bit samples", p.bits)
	}
	if p.bits != 8 && p.compression == tiffJPEG {
		return tiffUnsupported("%d-bit samples in JPEG compression", p.bits)
	}
	switch v := p.dir.Uint(tiffPredictor, 1); {
	case v == 1, p.compression != tiffLZW && p.compression != tiffDeflate && p.compression != tiffDeflateOld:
	case v != 2, p.bits < 8:
		return tiffUnsupported("predictor %d with %d-bit samples", v, p.bits)
	}
	return nil
}
