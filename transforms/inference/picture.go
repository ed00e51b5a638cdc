// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"sync"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// picture is a task on its way.
type picture struct {
	stream *Stream
	result Result
	done   chan struct{}
	// before is closed when the picture submitted before this one has its
	// budget, after when this one has: budget is taken in order, so that a
	// result waited for never waits for one that comes later.
	before, after chan struct{}
	awaited       bool // by its stream; the batcher's lock guards it

	file int64 // taken for the file, until there is budget for the picture
	cost int64 // taken for the picture
	gray []float32
	joined
}

// finish publishes the result. What has failed holds no budget.
func (p *picture) finish(err error) {
	p.result.Err = err
	p.joined = joined{}
	p.freeFile()
	if p.cost > 0 {
		cost, budget := p.cost, p.stream.engine.budget.pictures
		if p.result.Data == nil || err != nil {
			p.result.Data = nil
			budget.Release(cost)
		} else {
			p.result.release = sync.OnceFunc(func() { budget.Release(cost) })
		}
	}
	close(p.done)
	p.stream.work.Done()
}

// freeFile gives back what was taken for the file alone.
func (p *picture) freeFile() {
	p.stream.engine.budget.files.Release(p.file)
	p.file = 0
}

// joined is what a picture keeps between decoding and encoding.
type joined struct {
	luma *image.Gray
	box  pixel.Letterbox
}

// decode turns the file into the full-resolution luma and the network's plane.
func (p *picture) decode(e *Engine, data []byte) (err error) {
	defer recoverAs(fault.StageDecode, &err)
	if err := e.cpu.Acquire(p.stream.ctx, 1); err != nil {
		return err
	}
	defer e.cpu.Release(1)
	start := time.Now()
	pic, err := pixel.Decode(data, e.settings.Limits)
	if err != nil {
		return err
	}
	p.luma = pic.Gray()
	p.gray, p.box = pixel.FitLetterbox(p.luma, e.net.Size())
	p.result.Width, p.result.Height = pic.Width, pic.Height
	if p.result.Task.Thumbnails {
		if p.result.Before, err = Thumbnail(pic.Image); err != nil {
			return err
		}
	}
	p.result.DecodeTime = time.Since(start)
	return nil
}

// encode joins luma and colour, encodes and stores.
func (p *picture) encode(e *Engine, rgb []float32) {
	err := p.stream.ctx.Err()
	if err == nil {
		err = p.join(e, rgb)
	}
	p.joined = joined{}
	if store := p.result.Task.Store; err == nil && store != nil {
		err = p.store(store)
		p.result.Data = nil
	}
	p.finish(err)
}

func (p *picture) join(e *Engine, rgb []float32) (err error) {
	defer recoverAs(fault.StageEncode, &err)
	if err := e.cpu.Acquire(p.stream.ctx, 1); err != nil {
		return err
	}
	defer e.cpu.Release(1)
	start := time.Now()
	chroma := pixel.ChromaFromNetwork(rgb, e.net.Size(), p.box)
	var img image.Image
	var buf bytes.Buffer
	switch f := p.result.Task.Format; f {
	case FormatJPEG:
		img = pixel.RecombineYCbCr(p.luma, chroma)
		err = jpeg.Encode(&buf, img, &jpeg.Options{Quality: e.settings.Quality})
	case FormatPNG:
		img = pixel.RecombineRGB(p.luma, chroma)
		err = pixel.EncodePNG(&buf, img)
	default:
		err = fmt.Errorf("a task's format must be jpeg or png, got %q", string(f))
	}
	if err == nil && p.result.Task.Thumbnails {
		p.result.After, err = Thumbnail(img)
	}
	if err != nil {
		// JPEG knows no side above 65,535 pixels.
		return &fault.PictureError{Stage: fault.StageEncode, Reason: "cannot be written in the format asked for", Err: err}
	}
	p.result.Data, p.result.Bytes = buf.Bytes(), int64(buf.Len())
	p.result.EncodeTime = time.Since(start)
	return nil
}

func (p *picture) store(store func(context.Context, *Result) error) (err error) {
	defer recoverAs(fault.StageWrite, &err)
	return store(p.stream.ctx, &p.result)
}

// estimate returns the bytes that a picture takes between decoding and its end,
// at the most demanding moment, from its header. Where the header cannot be
// read, or claims more pixels than are allowed, decoding fails at once.
func estimate(data []byte, format Format, lim pixel.Limits) (cost int64) {
	defer func() {
		if recover() != nil {
			cost = 0
		}
	}()
	cfg, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || cfg.Width <= 0 || cfg.Height <= 0 {
		return 0
	}
	pixels := int64(cfg.Width) * int64(cfg.Height)
	if lim.MaxPixels > 0 && pixels > lim.MaxPixels {
		return 0
	}
	return pixels * max(decodeBytes(cfg.ColorModel, kind), encodeBytes(format))
}

// decodeBytes is what decoding to luma takes for each pixel: the decoder's
// picture and, unless that has a luma of its own, RGB and luma.
func decodeBytes(m color.Model, kind string) int64 {
	switch m {
	case color.GrayModel:
		return 2
	case color.YCbCrModel:
		return 4 // 4:4:4 and a turned plane
	case color.Gray16Model:
		return 2 + 3 + 1
	case color.RGBA64Model, color.NRGBA64Model:
		return 8 + 3 + 1
	}
	if _, paletted := m.(color.Palette); paletted && kind != "gif" {
		return 1 + 3 + 1
	}
	return 4 + 3 + 1
}

// encodeBytes is what joining and encoding take for each pixel: luma, the
// joined picture, the file.
func encodeBytes(f Format) int64 {
	if f == FormatJPEG {
		return 1 + 1 + 1
	}
	return 1 + 3 + 2
}
