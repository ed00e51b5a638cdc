// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// ThumbnailSide is the longest side of a thumbnail in pixels.
const ThumbnailSide = 256

// sharp is the longest side of a picture whose thumbnail is a PNG: so few pixels
// are shown enlarged, where JPEG's half-resolution chroma would be seen.
const sharp = 96

// Thumbnail returns img as JPEG, or as PNG where it is very small, scaled down
// to ThumbnailSide where it is larger. Transparent parts show black.
func Thumbnail(img image.Image) ([]byte, error) {
	if b := img.Bounds(); b.Empty() {
		return nil, fmt.Errorf("scaling %dx%d pixels to a thumbnail: the picture is empty", b.Dx(), b.Dy())
	}
	small := pixel.Thumbnail(img, ThumbnailSide)
	out := image.NewRGBA(small.Bounds())
	draw.Draw(out, out.Rect, image.Black, image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, small, small.Bounds().Min, draw.Over)
	var buf bytes.Buffer
	var err error
	if max(out.Rect.Dx(), out.Rect.Dy()) <= sharp {
		err = png.Encode(&buf, out)
	} else {
		err = jpeg.Encode(&buf, out, &jpeg.Options{Quality: 88})
	}
	if err != nil {
		return nil, fmt.Errorf("encoding a thumbnail: %w", err)
	}
	return buf.Bytes(), nil
}
