// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"fmt"
	"image"

	"github.com/disintegration/imaging"
)

// Fit says how a picture is made square.
type Fit string

// The ways to make a picture square.
const (
	// FitCrop keeps the middle of the longer side.
	FitCrop Fit = "crop"
	// FitPad keeps everything and fills up with reflections.
	FitPad Fit = "pad"
	// FitStretch ignores the proportions.
	FitStretch Fit = "stretch"
)

// Validate answers an unknown name with an error.
func (f Fit) Validate() error {
	switch f {
	case FitCrop, FitPad, FitStretch:
		return nil
	}
	return fmt.Errorf("fit must be %q, %q or %q, got %q", FitCrop, FitPad, FitStretch, string(f))
}

// ResizeSquare returns r as size by size pixels, by Lanczos resampling in 8-bit
// sRGB as Pillow does. Where nothing changes the result is a plain copy. An
// empty fit is [FitCrop]. It panics if r is empty or size is below 1: both are
// the caller's to check.
func ResizeSquare(r *RGB, size int, fit Fit) *RGB {
	if size < 1 || r.Width < 1 || r.Height < 1 {
		panic(fmt.Sprintf("pixel: resizing %dx%d pixels to size %d", r.Width, r.Height, size))
	}
	if r.Width == size && r.Height == size {
		return &RGB{Pix: append([]uint8(nil), r.Pix...), Width: size, Height: size}
	}
	switch fit {
	case FitStretch:
		return lanczos(r, r.Bounds(), size, size)
	case FitPad:
		box := newLetterbox(r.Width, r.Height, size)
		return padReflect(lanczos(r, r.Bounds(), box.Width, box.Height), box)
	default:
		side := min(r.Width, r.Height)
		middle := image.Rect(0, 0, side, side).Add(image.Pt((r.Width-side)/2, (r.Height-side)/2))
		return lanczos(r, middle, size, size)
	}
}

// lanczos resizes one part of r. imaging has a fast path for NRGBA only, so
// that part is copied into one; its alpha of 255 makes the premultiplication
// inside a no-op.
func lanczos(r *RGB, part image.Rectangle, w, h int) *RGB {
	out := NewRGB(w, h)
	src := image.NewNRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	for y := range part.Dy() {
		row := r.row(part.Min.Y + y)[3*part.Min.X : 3*part.Max.X]
		dst := src.Pix[y*src.Stride:]
		for i, j := 0, 0; i < len(row); i, j = i+3, j+4 {
			dst[j], dst[j+1], dst[j+2], dst[j+3] = row[i], row[i+1], row[i+2], 255
		}
	}
	resized := src
	if part.Dx() != w || part.Dy() != h {
		resized = imaging.Resize(src, w, h, imaging.Lanczos)
	}
	eachRow(out, resized.Pix, resized.Stride, 4, nrgbaRow)
	return out
}

// padReflect puts r, which has the box's content size, into its square.
func padReflect(r *RGB, box Letterbox) *RGB {
	out := NewRGB(box.Size, box.Size)
	for y := range box.Size {
		src, dst := r.row(reflect(y-box.Top, box.Height)), out.row(y)
		for x := range box.Size {
			s := 3 * reflect(x-box.Left, box.Width)
			copy(dst[3*x:3*x+3], src[s:s+3])
		}
	}
	return out
}

// reflect folds i into [0, n) as a mirror does that shows the border pixel
// once; far pads are reflected again and again.
func reflect(i, n int) int {
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	if i %= period; i < 0 {
		i += period
	}
	return min(i, period-i)
}
