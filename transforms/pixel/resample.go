// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"fmt"
	"math"
)

// raster is 8-bit values of some channels a pixel, row after row.
type raster struct {
	pix                             []uint8
	stride, width, height, channels int
}

// kernel is a filter's weight by distance, which is zero from support on.
type kernel struct {
	weight  func(float64) float64
	support float64
}

// kernel returns nil for the nearest pixel and panics on an unknown filter.
func (f Filter) kernel() *kernel {
	switch f {
	case FilterLanczos, "":
		return &kernel{lanczos3, 3}
	case FilterCatmullRom:
		return &kernel{catmullRom, 2}
	case FilterLinear:
		return &kernel{func(x float64) float64 { return max(0, 1-math.Abs(x)) }, 1}
	case FilterBox:
		return &kernel{boxWeight, 0.5}
	case FilterNearest:
		return nil
	}
	panic(fmt.Sprintf("pixel: unknown filter %q", string(f)))
}

func lanczos3(x float64) float64 {
	switch {
	case x == 0:
		return 1
	case x < -3 || x >= 3:
		return 0
	}
	x *= math.Pi
	return math.Sin(x) / x * math.Sin(x/3) / (x / 3)
}

func catmullRom(x float64) float64 {
	switch x = math.Abs(x); {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * -0.5
	}
	return 0
}

// boxWeight counts a pixel on the border of two areas once.
func boxWeight(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}

// The weights are Pillow's: integers of weightBits bits after the point, which
// leaves room for the overshoot of a sum. So all sums are exact, and the result
// is Pillow's to the last bit, on every platform.
const (
	weightBits = 32 - 8 - 2
	weightHalf = 1 << (weightBits - 1)
)

// window is how one new pixel follows from old ones, from first on.
type window struct {
	first   int
	weights []int32
}

// windows returns those of all new pixels along one side.
func (k *kernel) windows(from, to int) []window {
	scale := float64(from) / float64(to)
	spread := max(scale, 1)
	support := k.support * spread
	out := make([]window, to)
	exact := make([]float64, 0, 2*int(math.Ceil(support))+1)
	for i := range out {
		center := (float64(i) + 0.5) * scale
		first := max(0, int(center-support+0.5))
		last := min(from, int(center+support+0.5))
		exact = exact[:0]
		sum := 0.0
		for j := first; j < last; j++ {
			w := k.weight((float64(j) - center + 0.5) * (1 / spread))
			exact = append(exact, w)
			sum += w
		}
		weights := make([]int32, len(exact))
		for j, w := range exact {
			weights[j] = int32(math.Floor(w*(1/sum)*(1<<weightBits) + 0.5))
		}
		out[i] = window{first, weights}
	}
	return out
}

// resample returns m as w by h pixels, packed. A side that keeps its length is
// not filtered.
func (f Filter) resample(m raster, w, h int) raster {
	k := f.kernel()
	if k == nil {
		return m.nearest(w, h)
	}
	if w != m.width {
		m = m.alongX(k.windows(m.width, w))
	}
	if h != m.height {
		m = m.alongY(k.windows(m.height, h))
	}
	return m
}

func newRaster(w, h, channels int) raster {
	return raster{make([]uint8, w*h*channels), w * channels, w, h, channels}
}

func (m raster) row(y int) []uint8 { return m.pix[y*m.stride:][:m.width*m.channels] }

func (m raster) nearest(w, h int) raster {
	out := newRaster(w, h, m.channels)
	from := make([]int, w)
	for x := range from {
		from[x] = (2*x + 1) * m.width / (2 * w) * m.channels
	}
	for y := range h {
		src, dst := m.row((2*y+1)*m.height/(2*h)), out.row(y)
		for _, at := range from {
			dst = dst[copy(dst, src[at:at+m.channels]):]
		}
	}
	return out
}

func (m raster) alongX(windows []window) raster {
	out := newRaster(len(windows), m.height, m.channels)
	for y := range m.height {
		if m.channels == 3 {
			alongX3(out.row(y), m.row(y), windows)
		} else {
			alongX1(out.row(y), m.row(y), windows)
		}
	}
	return out
}

func alongX1(dst, src []uint8, windows []window) {
	for x, t := range windows {
		sum := int32(weightHalf)
		in := src[t.first:][:len(t.weights)]
		for i, w := range t.weights {
			sum += w * int32(in[i])
		}
		dst[x] = clamp8(sum >> weightBits)
	}
}

func alongX3(dst, src []uint8, windows []window) {
	for x, t := range windows {
		r, g, b := int32(weightHalf), int32(weightHalf), int32(weightHalf)
		in := src[3*t.first:][:3*len(t.weights)]
		for _, w := range t.weights {
			p := in[:3:3]
			r += w * int32(p[0])
			g += w * int32(p[1])
			b += w * int32(p[2])
			in = in[3:]
		}
		d := dst[3*x : 3*x+3 : 3*x+3]
		d[0], d[1], d[2] = clamp8(r>>weightBits), clamp8(g>>weightBits), clamp8(b>>weightBits)
	}
}

func (m raster) alongY(windows []window) raster {
	out := newRaster(m.width, len(windows), m.channels)
	sums := make([]int32, out.stride)
	for y, t := range windows {
		for i := range sums {
			sums[i] = weightHalf
		}
		for i, w := range t.weights {
			row := m.row(t.first + i)[:len(sums)]
			for x, v := range row {
				sums[x] += w * int32(v)
			}
		}
		dst := out.row(y)[:len(sums)]
		for x, s := range sums {
			dst[x] = clamp8(s >> weightBits)
		}
	}
	return out
}
