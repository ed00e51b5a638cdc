// SPDX-License-Identifier: Apache-2.0

package pixel

import "image"

// The full-range ITU-R 601 conversion, as JPEG has it.
const (
	redCr    = 1.402
	greenCb  = -0.344136
	greenCr  = -0.714136
	blueCb   = 1.772
	maxLevel = 255
)

// gamutScale returns the largest factor in [0, 1] for a pixel's chroma at which
// R, G and B stay in [0, 255] with every luma between lo and hi. Clipping
// instead would change the luma.
func gamutScale(lo, hi, cb, cr float32) float32 {
	t := float32(1)
	up, down := maxLevel-hi, lo
	for _, d := range [3]float32{redCr * cr, greenCb*cb + greenCr*cr, blueCb * cb} {
		if d > up && d*t > up {
			t = up / d
		} else if -d > down && -d*t > down {
			t = down / -d
		}
	}
	return t
}

// FitSample returns the chroma of one sample, scaled towards gray where R, G or B
// would leave [0, 255] with this luma: the rule of [RecombineYCbCr] for a single
// luma. All three are in units of 8-bit levels, cb and cr around 0.
func FitSample(luma, cb, cr float32) (fitCb, fitCr float32) {
	luma = min(max(luma, 0), maxLevel)
	t := gamutScale(luma, luma, cb, cr)
	return cb * t, cr * t
}

// RecombineRGB joins a full-resolution luma with chroma of any size. The
// chroma is interpolated bilinearly and scaled towards 0 where the colour
// would leave RGB, so that the luma of the result differs from the given one
// by at most 1 (rounding). It panics if c is empty.
func RecombineRGB(luma *image.Gray, c Chroma) *RGB {
	out := NewRGB(luma.Rect.Dx(), luma.Rect.Dy())
	up := newStretcher(c, out.Width, out.Height)
	for y := range out.Height {
		cb, cr := up.row(y)
		recombineRow(out.row(y), luma.Pix[y*luma.Stride:][:out.Width], cb, cr)
	}
	return out
}

func recombineRow(dst, ys []uint8, cbs, crs []float32) {
	cbs, crs = cbs[:len(ys)], crs[:len(ys)]
	for x, v := range ys {
		y, cb, cr := float32(v), cbs[x], crs[x]
		r, g, b := redCr*cr, greenCb*cb+greenCr*cr, blueCb*cb
		if max(r, g, b) > maxLevel-y || min(r, g, b) < -y {
			t := gamutScale(y, y, cb, cr)
			r, g, b = r*t, g*t, b*t
		}
		p := dst[3*x : 3*x+3 : 3*x+3]
		// In gamut up to float rounding, which half a level more than covers.
		p[0], p[1], p[2] = clamp8(int32(y+r+0.5)), clamp8(int32(y+g+0.5)), clamp8(int32(y+b+0.5))
	}
}

// RecombineYCbCr is [RecombineRGB] for the JPEG encoder: 4:2:0, whose Y plane
// is luma's own memory, bit for bit. The chroma of each 2x2 block is scaled for
// the darkest and the lightest of its four pixels.
func RecombineYCbCr(luma *image.Gray, c Chroma) *image.YCbCr {
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	cw, ch := (w+1)/2, (h+1)/2
	planes := make([]uint8, 2*cw*ch)
	out := &image.YCbCr{
		Y: luma.Pix, YStride: luma.Stride,
		Cb: planes[: cw*ch : cw*ch], Cr: planes[cw*ch:], CStride: cw,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, w, h),
	}
	up := newStretcher(c, cw, ch)
	for y := range ch {
		cb, cr := up.row(y)
		top := luma.Pix[2*y*luma.Stride:][:w]
		bottom := top
		if 2*y+1 < h {
			bottom = luma.Pix[(2*y+1)*luma.Stride:][:w]
		}
		recombineBlocks(out.Cb[y*cw:(y+1)*cw], out.Cr[y*cw:(y+1)*cw], top, bottom, cb, cr)
	}
	return out
}

func recombineBlocks(dstB, dstR, top, bottom []uint8, cbs, crs []float32) {
	for x := range dstB {
		l := 2 * x
		r := min(l+1, len(top)-1)
		lo := float32(min(top[l], top[r], bottom[l], bottom[r]))
		hi := float32(max(top[l], top[r], bottom[l], bottom[r]))
		cb, cr := cbs[x], crs[x]
		red, green, blue := redCr*cr, greenCb*cb+greenCr*cr, blueCb*cb
		if max(red, green, blue) > maxLevel-hi || min(red, green, blue) < -lo {
			t := gamutScale(lo, hi, cb, cr)
			cb, cr = cb*t, cr*t
		}
		dstB[x], dstR[x] = level8(cb), level8(cr)
	}
}

// level8 stores a centred chroma value in 8 bits, rounded to nearest.
func level8(v float32) uint8 { return clamp8(int32(v + 128.5)) }
