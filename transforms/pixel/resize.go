// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"fmt"
	"image"
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

// Filter says how pixels are weighted when a picture changes its size. All but
// [FilterNearest] average over the area that a new pixel covers, so that
// shrinking does not alias.
type Filter string

// The filters, from the sharpest to the coarsest.
const (
	// FilterLanczos is a sinc windowed over three lobes. It is what an empty
	// filter means.
	FilterLanczos Filter = "lanczos"
	// FilterCatmullRom is the cubic with a = -0.5, Pillow's BICUBIC.
	FilterCatmullRom Filter = "bicubic"
	// FilterLinear is a triangle.
	FilterLinear Filter = "bilinear"
	// FilterBox is the plain mean.
	FilterBox Filter = "box"
	// FilterNearest takes the one pixel at the middle.
	FilterNearest Filter = "nearest"
)

// Validate answers an unknown name with an error.
func (f Filter) Validate() error {
	switch f {
	case FilterLanczos, FilterCatmullRom, FilterLinear, FilterBox, FilterNearest:
		return nil
	}
	return fmt.Errorf("filter must be %q, %q, %q, %q or %q, got %q",
		FilterLanczos, FilterCatmullRom, FilterLinear, FilterBox, FilterNearest, string(f))
}

// ResizeSquare is [Resize] with [FilterLanczos].
func ResizeSquare(r *RGB, size int, fit Fit) *RGB { return Resize(r, size, fit, FilterLanczos) }

// Resize returns r as size by size pixels, resampled in 8-bit sRGB: Pillow's
// resize of the part that fit keeps, bit for bit and on every platform. Where
// nothing changes the result is a plain copy. A picture that shrinks to a sixth
// or less, by any filter but [FilterNearest], is first brought to between three
// and six times its goal by the plain means of blocks, as Pillow's reducing_gap
// does and as its resize on its own does not.
//
// An empty fit is [FitCrop], an empty filter [FilterLanczos]. It panics if r is
// empty, size is below 1 or filter is unknown: all are the caller's to check.
func Resize(r *RGB, size int, fit Fit, filter Filter) *RGB {
	if size < 1 || r.Width < 1 || r.Height < 1 {
		panic(fmt.Sprintf("pixel: resizing %dx%d pixels to size %d", r.Width, r.Height, size))
	}
	if r.Width == size && r.Height == size {
		return &RGB{Pix: append([]uint8(nil), r.Pix...), Width: size, Height: size}
	}
	switch fit {
	case FitStretch:
		return filter.resampleRGB(r, r.Bounds(), size, size)
	case FitPad:
		box := newLetterbox(r.Width, r.Height, size)
		return padReflect(filter.resampleRGB(r, r.Bounds(), box.Width, box.Height), box)
	default:
		side := min(r.Width, r.Height)
		middle := image.Rect(0, 0, side, side).Add(image.Pt((r.Width-side)/2, (r.Height-side)/2))
		return filter.resampleRGB(r, middle, size, size)
	}
}

// resampleRGB resizes one part of r into new memory.
func (f Filter) resampleRGB(r *RGB, part image.Rectangle, w, h int) *RGB {
	in := raster{
		pix: r.Pix[3*(part.Min.Y*r.Width+part.Min.X):], stride: 3 * r.Width,
		width: part.Dx(), height: part.Dy(), channels: 3,
	}
	out := NewRGB(w, h)
	if in.width == w && in.height == h {
		for y := range h {
			copy(out.row(y), in.row(y))
		}
		return out
	}
	if f != FilterNearest {
		in = in.reduced(w, h)
	}
	out.Pix = f.resample(in, w, h).pix
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
