// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
)

// ThumbnailSide is the longest side of a thumbnail in pixels.
const ThumbnailSide = 256

// samples is how many pixels a side are averaged for one of a thumbnail at
// most: a 12-megapixel picture has 250 behind each, and 16 of them will do.
const samples = 4

// sharp is the longest side of a picture whose thumbnail is a PNG: so few pixels
// are shown enlarged, where JPEG's half-resolution chroma would be seen.
const sharp = 96

// Thumbnail returns img as JPEG, or as PNG where it is very small, scaled down
// to ThumbnailSide where it is larger. Transparent parts show black.
func Thumbnail(img image.Image) ([]byte, error) {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w < 1 || h < 1 {
		return nil, fmt.Errorf("scaling %dx%d pixels to a thumbnail: the picture is empty", w, h)
	}
	if longest := max(w, h); longest > ThumbnailSide {
		w, h = max(1, w*ThumbnailSide/longest), max(1, h*ThumbnailSide/longest)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		y0, y1 := b.Min.Y+y*b.Dy()/h, b.Min.Y+(y+1)*b.Dy()/h
		for x := range w {
			x0, x1 := b.Min.X+x*b.Dx()/w, b.Min.X+(x+1)*b.Dx()/w
			average(out.Pix[y*out.Stride+4*x:][:4], img, image.Rect(x0, y0, x1, y1))
		}
	}
	var buf bytes.Buffer
	var err error
	if max(w, h) <= sharp {
		err = png.Encode(&buf, out)
	} else {
		err = jpeg.Encode(&buf, out, &jpeg.Options{Quality: 88})
	}
	if err != nil {
		return nil, fmt.Errorf("encoding a thumbnail: %w", err)
	}
	return buf.Bytes(), nil
}

// average writes the mean of a grid of pixels inside r.
func average(dst []uint8, img image.Image, r image.Rectangle) {
	nx, ny := min(samples, r.Dx()), min(samples, r.Dy())
	var sum [3]uint32
	for j := range ny {
		y := r.Min.Y + (2*j+1)*r.Dy()/(2*ny)
		for i := range nx {
			cr, cg, cb, _ := img.At(r.Min.X+(2*i+1)*r.Dx()/(2*nx), y).RGBA()
			sum[0], sum[1], sum[2] = sum[0]+cr>>8, sum[1]+cg>>8, sum[2]+cb>>8
		}
	}
	n := uint32(nx * ny)
	for c, s := range sum {
		dst[c] = uint8((s + n/2) / n)
	}
	dst[3] = 255
}
