// SPDX-License-Identifier: Apache-2.0

package pixel

import "image"

// SideBySide returns both pictures in one, before on the left, without a gap.
// Where their heights differ the shorter one stands at the top, on black. The
// result is of after's kind: an [*image.YCbCr] with chroma at full size, whose Y
// plane holds both lumas as they are, an [*RGB48], or an [*RGB] for all others.
func SideBySide(before *image.Gray, after image.Image) image.Image {
	a, b := before.Rect.Size(), after.Bounds().Size()
	size := image.Pt(a.X+b.X, max(a.Y, b.Y))
	switch m := after.(type) {
	case *image.YCbCr:
		return besideYCbCr(before, m, size)
	case *RGB48:
		return besideRGB48(before, m, size)
	}
	out, right := NewRGB(size.X, size.Y), toRGB(after)
	for y := range a.Y {
		grayRow(out.row(y)[:3*a.X], before.Pix[y*before.Stride:][:a.X])
	}
	for y := range b.Y {
		copy(out.row(y)[3*a.X:], right.row(y))
	}
	return out
}

func besideYCbCr(before *image.Gray, after *image.YCbCr, size image.Point) *image.YCbCr {
	out := image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio444)
	for i := range out.Cb {
		out.Cb[i], out.Cr[i] = 128, 128
	}
	left, right := before.Rect.Dx(), after.Rect.Dx()
	copyPlane(out.Y, out.YStride, before.Pix, before.Stride, left, before.Rect.Dy())
	copyPlane(out.Y[left:], out.YStride, after.Y, after.YStride, right, after.Rect.Dy())
	up := newUpsampler(after)
	for y := range after.Rect.Dy() {
		cb, cr := up.row(y)
		copy(out.Cb[y*out.CStride+left:][:right], cb)
		copy(out.Cr[y*out.CStride+left:][:right], cr)
	}
	return out
}

func besideRGB48(before *image.Gray, after *RGB48, size image.Point) *RGB48 {
	out := NewRGB48(size.X, size.Y)
	left := before.Rect.Dx()
	for y := range before.Rect.Dy() {
		dst := out.row(y)
		for x, v := range before.Pix[y*before.Stride:][:left] {
			for i := range 6 {
				dst[6*x+i] = v
			}
		}
	}
	for y := range after.Height {
		copy(out.row(y)[6*left:], after.row(y))
	}
	return out
}

// SideBySide16 is [SideBySide] for both pictures in 16 bits.
func SideBySide16(before *image.Gray16, after *RGB48) *RGB48 {
	size := before.Rect.Size()
	out := NewRGB48(size.X+after.Width, max(size.Y, after.Height))
	for y := range size.Y {
		src, dst := before.Pix[y*before.Stride:][:2*size.X], out.row(y)
		for x := range size.X {
			hi, lo := src[2*x], src[2*x+1]
			p := dst[6*x : 6*x+6 : 6*x+6]
			p[0], p[1], p[2], p[3], p[4], p[5] = hi, lo, hi, lo, hi, lo
		}
	}
	for y := range after.Height {
		copy(out.row(y)[6*size.X:], after.row(y))
	}
	return out
}
