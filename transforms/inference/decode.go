// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"bytes"
	"image"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/pixel/jpeg"
	"github.com/chromabeam/chromabeam/transforms/pixel/metadata"
)

// colorSide is the side in pixels at which a JPEG is looked at for colour.
const colorSide = 128

// decoded is what a picture keeps between decoding and encoding: its luma in one
// of three forms, and what goes over into the result.
type decoded struct {
	kept   *jpeg.Luma
	length int // of the file that kept is from
	luma   *image.Gray
	luma16 *image.Gray16 // beside luma, for PNG of 16 bits
	box    pixel.Letterbox
	meta   metadata.Metadata
}

// way is how the picture will be encoded, for Result.Way.
func (p *picture) way() string {
	switch {
	case p.kept != nil:
		return wayKept
	case p.result.Task.Format == FormatPNG:
		return wayPNG
	}
	return wayRecoded
}

// decode turns the file into luma and the network's plane, or leaves the picture
// alone where it has colour.
func (p *picture) decode(e *Engine, data []byte) (err error) {
	defer recoverAs(fault.StageDecode, &err)
	if err := e.cpu.Acquire(p.stream.ctx, 1); err != nil {
		return err
	}
	defer e.cpu.Release(1)
	start := time.Now()
	defer func() { p.result.DecodeTime = clock(&e.counts.codec, start) }()
	h, ok := readHeader(data, e.settings.Limits)
	if ok && h.Format == "jpeg" && e.settings.SkipColor {
		if p.leaveJPEG(e, data); p.result.Left {
			return nil
		}
	}
	p.meta = metadata.Read(data)
	profile := p.meta.Profile()
	gray := profile == metadata.GrayProfile && !metadata.IsSRGBGray(p.meta.ICC)
	if ok && !gray && e.mayKeep(h, p.result.Task) && metadata.Orientation(data) == 1 {
		if kept, err := p.decodeKept(e, data, h); kept || err != nil {
			return err
		}
	}
	return p.decodeWhole(e, data)
}

// leaveJPEG looks at a reduced picture for colour. One that cannot be read is
// not left: decoding says what is wrong with it.
func (p *picture) leaveJPEG(e *Engine, data []byte) {
	small, err := pixel.DecodeAtLeast(data, e.settings.Limits, colorSide)
	if err == nil && pixel.HasColor(small.Image) {
		p.result.Left = true
		p.result.Width, p.result.Height = small.UprightSize()
	}
}

// decodeKept reads a JPEG's luma as coefficients. It returns false where they
// cannot be kept, be it that the file is damaged: the ordinary way says so.
func (p *picture) decodeKept(e *Engine, data []byte, h pixel.Header) (kept bool, err error) {
	if pixels(h)/(64*8) > int64(len(data)) {
		return false, nil // too little for what the header claims
	}
	luma, err := jpeg.ReadLuma(data)
	if err != nil {
		return false, nil //nolint:nilerr // decoding it whole will say what is wrong, if anything is
	}
	p.gray, p.box = pixel.FitLetterbox(luma.Reduced(reduction(h.Width, h.Height, e.net.Size())), e.net.Size())
	p.kept, p.length = luma, len(data)
	p.result.Width, p.result.Height = h.Width, h.Height
	if p.result.Task.Thumbnails {
		small, err := pixel.DecodeAtLeast(data, e.settings.Limits, ThumbnailSide)
		if err != nil {
			return true, err
		}
		if p.result.Before, err = Thumbnail(small.Image); err != nil {
			return true, err
		}
	}
	p.keepMetadata()
	return true, nil
}

// reduction is by how much a picture's sides may be divided before it is fitted
// to the network's size: so that a quarter more than that is left.
func reduction(width, height, size int) int {
	longer := max(width, height)
	for r := 8; r > 1; r /= 2 {
		if longer/r >= size+size/4 {
			return r
		}
	}
	return 1
}

// decodeWhole decodes the picture to its full size.
func (p *picture) decodeWhole(e *Engine, data []byte) error {
	pic, err := pixel.Decode(data, e.settings.Limits)
	if err != nil {
		return err
	}
	p.result.Width, p.result.Height = pic.Width, pic.Height
	if e.settings.SkipColor && pic.Format != "jpeg" && pixel.HasColor(pic.Image) {
		p.result.Left = true
		return nil
	}
	if p.result.Task.Thumbnails {
		if p.result.Before, err = Thumbnail(pic.Image); err != nil {
			return err
		}
	}
	p.takeLuma(pic)
	p.gray, p.box = pixel.FitLetterbox(p.luma, e.net.Size())
	p.keepMetadata()
	return nil
}

// takeLuma takes the picture's luma in levels of sRGB: those of another gray
// profile are converted by its curve.
func (p *picture) takeLuma(pic *pixel.Picture) {
	var curve metadata.Levels
	convert := p.meta.Profile() == metadata.GrayProfile && !metadata.IsSRGBGray(p.meta.ICC)
	if convert {
		var err error
		curve, err = metadata.GrayLevels(p.meta.ICC)
		convert = err == nil // else levels are taken as they are
	}
	if pic.Bits == 16 && p.result.Task.Format == FormatPNG {
		p.luma16 = pic.Gray16()
		if convert {
			p.luma16 = curve.Gray16(p.luma16)
		}
		p.luma = pixel.Reduce8(p.luma16)
		return
	}
	p.luma = pic.Gray()
	if convert {
		p.luma = curve.Gray(p.luma)
	}
}

// keepMetadata drops the profiles that are not for red, green and blue, and
// copies what stays, so that the file need not stay in memory.
func (p *picture) keepMetadata() {
	if p.meta.Profile() != metadata.RGBProfile {
		p.meta.ICC = nil
	}
	p.meta.EXIF, p.meta.ICC = bytes.Clone(p.meta.EXIF), bytes.Clone(p.meta.ICC)
}
