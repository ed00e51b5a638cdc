// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"bytes"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/pixel/jpeg"
	"github.com/chromabeam/chromabeam/transforms/pixel/metadata"
)

// join joins luma and the network's colour and encodes them.
func (p *picture) join(e *Engine, rgb []float32) (err error) {
	defer recoverAs(fault.StageEncode, &err)
	if err := e.cpu.Acquire(p.stream.ctx, 1); err != nil {
		return err
	}
	defer e.cpu.Release(1)
	start := time.Now()
	defer func() { p.result.EncodeTime = clock(&e.counts.codec, start) }()
	chroma := pixel.ChromaFromNetwork(rgb, e.net.Size(), p.box)
	if e.settings.Strength != 100 {
		chroma = chroma.Scale(float32(e.settings.Strength) / 100)
	}
	p.result.Way = p.way()
	var data []byte
	switch f := p.result.Task.Format; {
	case p.kept != nil:
		data, err = p.writeKept(e, chroma)
	case f == FormatJPEG:
		data, err = p.encodeJPEG(e, chroma)
	case f == FormatPNG:
		data, err = p.encodePNG(e, chroma)
	default:
		err = fmt.Errorf("a task's format must be jpeg or png, got %q", string(f))
	}
	if err != nil {
		// JPEG knows no side above 65,535 pixels.
		return &fault.PictureError{Stage: fault.StageEncode, Reason: "cannot be written in the format asked for", Err: err}
	}
	p.result.Data, p.result.Bytes = data, int64(len(data))
	return nil
}

// writeKept writes the luma's coefficients as they are, with new chroma.
func (p *picture) writeKept(e *Engine, chroma pixel.Chroma) ([]byte, error) {
	o := jpeg.WriteOptions{Quality: e.settings.Quality, Fit: pixel.FitSample}
	for _, s := range p.meta.Upright(p.kept.Size()).JPEGSegments() {
		o.Segments = append(o.Segments, jpeg.Segment(s))
	}
	var buf bytes.Buffer
	buf.Grow(p.length + p.length/8) // the new file is seldom longer
	if err := p.kept.WriteColor(&buf, jpeg.Chroma(chroma), o); err != nil {
		return nil, err
	}
	if p.result.Task.Thumbnails {
		small, err := pixel.DecodeAtLeast(buf.Bytes(), pixel.Limits{}, ThumbnailSide)
		if err != nil {
			return nil, err
		}
		if p.result.After, err = Thumbnail(small.Image); err != nil {
			return nil, err
		}
	}
	return buf.Bytes(), nil
}

// encodeJPEG never passes through red, green and blue: the Y plane that is
// encoded is luma.
func (p *picture) encodeJPEG(e *Engine, chroma pixel.Chroma) ([]byte, error) {
	img, err := p.finishImage(e, pixel.RecombineYCbCr(p.luma, chroma))
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if err := stdjpeg.Encode(&buf, img, &stdjpeg.Options{Quality: e.settings.Quality}); err != nil {
		return nil, err
	}
	return metadata.InsertJPEG(buf.Bytes(), p.metadataOf(img))
}

func (p *picture) encodePNG(e *Engine, chroma pixel.Chroma) ([]byte, error) {
	var img image.Image
	if p.luma16 != nil {
		img = pixel.RecombineRGB16(p.luma16, chroma)
	} else {
		img = pixel.RecombineRGB(p.luma, chroma)
	}
	img, err := p.finishImage(e, img)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if err := pixel.EncodePNG(&buf, img); err != nil {
		return nil, err
	}
	m := p.metadataOf(img)
	if len(m.EXIF) == 0 && len(m.ICC) == 0 && m.Density == (metadata.Density{}) {
		return buf.Bytes(), nil
	}
	return metadata.InsertPNG(buf.Bytes(), m)
}

// finishImage makes the coloured picture's thumbnail, and puts the gray one beside
// it where that is asked for.
func (p *picture) finishImage(e *Engine, img image.Image) (_ image.Image, err error) {
	if p.result.Task.Thumbnails {
		if p.result.After, err = Thumbnail(img); err != nil {
			return nil, err
		}
	}
	if !e.settings.SideBySide {
		return img, nil
	}
	if deep, ok := img.(*pixel.RGB48); ok {
		return pixel.SideBySide16(p.luma16, deep), nil
	}
	return pixel.SideBySide(p.luma, img), nil
}

// metadataOf is what goes into the file of img: the picture stands upright.
func (p *picture) metadataOf(img image.Image) metadata.Metadata {
	b := img.Bounds()
	return p.meta.Upright(b.Dx(), b.Dy())
}
