// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"fmt"
	"image/color"
)

// checkColor finds out what the samples mean.
func (p *tiffPage) checkColor() error {
	switch p.photometric {
	case tiffWhiteIsZero, tiffBlackIsZero:
		p.channels = 1
	case tiffRGB:
		p.channels = 3
	case tiffPalette:
		p.channels = 1
		if p.bits > 8 {
			return tiffUnsupported("palette with %d-bit samples", p.bits)
		}
		if err := p.readPalette(); err != nil {
			return err
		}
	case tiffCMYK:
		p.channels = 4
		if p.dir.Uint(tiffInkSet, 1) != 1 || p.compression == tiffJPEG {
			return tiffUnsupported("inks other than plain CMYK")
		}
	case tiffYCbCr:
		p.channels = 3
		if p.compression != tiffJPEG {
			return tiffUnsupported("YCbCr without JPEG compression")
		}
	default:
		return tiffUnsupported("%s", photometricName(p.photometric))
	}
	switch {
	case p.samples < p.channels:
		return tiffDamaged("%d samples a pixel for %d channels", p.samples, p.channels)
	case p.bits < 8 && (p.channels > 1 || p.samples > 1):
		return tiffUnsupported("%d samples a pixel of %d bits", p.samples, p.bits)
	case p.compression == tiffJPEG && (p.samples != p.channels || p.photometric == tiffPalette):
		return tiffUnsupported("JPEG compression with extra samples or a palette")
	case p.compression == tiffJPEG && p.planar && p.samples > 1:
		return tiffUnsupported("JPEG compression of separate planes")
	}
	if p.samples > p.channels && p.photometric != tiffCMYK && p.photometric != tiffPalette {
		if kind := p.dir.Uint(tiffExtraSamples, 0); kind == 1 || kind == 2 {
			p.alpha = int(kind) // extra samples without a meaning are passed over
		}
	}
	p.planar = p.planar && p.samples > 1
	return nil
}

func photometricName(v uint32) string {
	switch v {
	case 4:
		return "a transparency mask"
	case 8, 9, 10:
		return "CIELAB colour"
	case 32803, 34892:
		return "a camera's raw data"
	case 32844, 32845:
		return "LogLuv colour"
	}
	return fmt.Sprintf("color model %d", v)
}

// readPalette reads the colours in 16 bits, or in 8 as some writers have it.
func (p *tiffPage) readPalette() error {
	e, _ := p.dir.Find(tiffColorMap)
	n := min(e.Len()/3, 256)
	if n == 0 {
		return tiffDamaged("it has no palette")
	}
	values, most := make([]uint16, 3*n), uint16(0)
	for i := range values {
		v, _ := e.Uint(i%n + i/n*(e.Len()/3))
		values[i] = uint16(v)
		most = max(most, values[i])
	}
	p.palette = make(color.Palette, n)
	for i := range n {
		c := color.RGBA64{values[i], values[n+i], values[2*n+i], 0xffff}
		if most < 256 {
			c.R, c.G, c.B = c.R*0x101, c.G*0x101, c.B*0x101
		}
		p.palette[i] = c
	}
	return nil
}

// model returns the color model of the decoded picture.
func (p *tiffPage) model() color.Model {
	deep := p.bits == 16
	switch {
	case p.photometric == tiffPalette:
		return p.palette
	case p.photometric == tiffCMYK:
		return color.CMYKModel
	case p.photometric == tiffYCbCr:
		return color.YCbCrModel
	case p.alpha == 2 && deep:
		return color.NRGBA64Model
	case p.alpha == 2:
		return color.NRGBAModel
	case p.channels == 1 && p.alpha == 0 && deep:
		return color.Gray16Model
	case p.channels == 1 && p.alpha == 0:
		return color.GrayModel
	case deep:
		return color.RGBA64Model
	}
	return color.RGBAModel
}
