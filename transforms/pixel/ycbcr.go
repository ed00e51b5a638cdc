// SPDX-License-Identifier: Apache-2.0

package pixel

import "image"

// yuvRange holds the coefficients of a YCbCr to RGB conversion in 16-bit fixed
// point.
type yuvRange struct {
	black             int32 // the Y of black
	y, rv, gu, gv, bu int32
}

// fullRange is JPEG's: Y, Cb and Cr use all 8 bits.
func fullRange() yuvRange { return yuvRange{0, 65536, 91881, 22554, 46802, 116130} }

// videoRange is WebP's: Y from 16 to 235, Cb and Cr from 16 to 240.
func videoRange() yuvRange { return yuvRange{16, 76309, 104597, 25675, 53279, 132201} }

// ycbcrToRGB converts with the triangle filter of libjpeg and libwebp for
// subsampled chroma ("fancy upsampling"), row by row.
func ycbcrToRGB(m *image.YCbCr, k yuvRange) *RGB {
	out := NewRGB(m.Rect.Dx(), m.Rect.Dy())
	up := newUpsampler(m)
	for y := range out.Height {
		cb, cr := up.row(y)
		k.convert(out.row(y), m.Y[y*m.YStride:], cb, cr)
	}
	return out
}

// convert writes one row.
func (k yuvRange) convert(dst, ys, cb, cr []uint8) {
	n := len(dst) / 3
	ys, cb, cr = ys[:n], cb[:n], cr[:n]
	for x, yv := range ys {
		y := (int32(yv)-k.black)*k.y + 1<<15
		u, v := int32(cb[x])-128, int32(cr[x])-128
		p := dst[3*x : 3*x+3 : 3*x+3]
		p[0] = clamp8((y + k.rv*v) >> 16)
		p[1] = clamp8((y - k.gu*u - k.gv*v) >> 16)
		p[2] = clamp8((y + k.bu*u) >> 16)
	}
}

func clamp8(v int32) uint8 {
	if uint32(v) > 255 {
		return uint8(^(v >> 31)) // 0 for negative values, 255 for large ones
	}
	return uint8(v)
}

// upsampler yields the chroma of one row at full width.
type upsampler struct {
	m      *image.YCbCr
	sx, sy int // chroma samples a side of one pixel: 1, 2 or 4
	cw, ch int
	cb, cr []uint8
	blend  []int32
}

func newUpsampler(m *image.YCbCr) *upsampler {
	u := &upsampler{m: m, sx: 1, sy: 1}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio444:
	case image.YCbCrSubsampleRatio422:
		u.sx = 2
	case image.YCbCrSubsampleRatio420:
		u.sx, u.sy = 2, 2
	case image.YCbCrSubsampleRatio440:
		u.sy = 2
	case image.YCbCrSubsampleRatio411:
		u.sx = 4
	case image.YCbCrSubsampleRatio410:
		u.sx, u.sy = 4, 2
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	u.cw, u.ch = (w+u.sx-1)/u.sx, (h+u.sy-1)/u.sy
	if u.sx > 1 || u.sy > 1 {
		u.cb, u.cr = make([]uint8, w), make([]uint8, w)
		u.blend = make([]int32, u.cw)
	}
	return u
}

// row returns the chroma of row y; the slices are valid until the next call.
func (u *upsampler) row(y int) (cb, cr []uint8) {
	m := u.m
	if u.blend == nil {
		return m.Cb[y*m.CStride:], m.Cr[y*m.CStride:]
	}
	near := y / u.sy
	far := near
	if u.sy == 2 {
		if far += 2*(y&1) - 1; far < 0 || far >= u.ch {
			far = near
		}
	}
	u.stretch(u.cb, m.Cb[near*m.CStride:][:u.cw], m.Cb[far*m.CStride:][:u.cw])
	u.stretch(u.cr, m.Cr[near*m.CStride:][:u.cw], m.Cr[far*m.CStride:][:u.cw])
	return u.cb, u.cr
}

// stretch blends two rows 3:1 and widens the result.
func (u *upsampler) stretch(dst, near, far []uint8) {
	b := u.blend
	for i, v := range near {
		b[i] = 3*int32(v) + int32(far[i])
	}
	switch u.sx {
	case 1:
		for x := range dst {
			dst[x] = uint8((b[x] + 2) >> 2)
		}
	case 4: // rare: the nearest sample, as libjpeg does
		for x := range dst {
			dst[x] = uint8((b[x/4] + 2) >> 2)
		}
	default:
		last := len(b) - 1
		for x := range dst {
			i := x / 2
			j := i + 2*(x&1) - 1
			if j < 0 || j > last {
				j = i
			}
			// The two rounding terms alternate, so that no half drifts.
			dst[x] = uint8((3*b[i] + b[j] + 8 - int32(x&1)) >> 4)
		}
	}
}

// fullChroma returns both chroma planes at full size, packed.
func fullChroma(m *image.YCbCr) (cb, cr []uint8) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	cb, cr = make([]uint8, w*h), make([]uint8, w*h)
	up := newUpsampler(m)
	for y := range h {
		b, r := up.row(y)
		copy(cb[y*w:(y+1)*w], b)
		copy(cr[y*w:(y+1)*w], r)
	}
	return cb, cr
}
