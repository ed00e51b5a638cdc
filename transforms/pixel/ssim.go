// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"math"
)

const (
	ssimRadius = 5
	ssimSide   = 2*ssimRadius + 1
	// The constants C1 and C2 of the paper, for 8-bit levels.
	ssimC1 = 0.01 * 255 * 0.01 * 255
	ssimC2 = 0.03 * 255 * 0.03 * 255
)

// SSIM returns the mean structural similarity of Wang, Bovik, Sheikh and
// Simoncelli, "Image quality assessment: from error visibility to structural
// similarity" (2004), section III: at most 1, which only equal pictures reach,
// about 0 for unrelated ones, and negative for opposed ones. The window is their
// Gaussian of 11x11 pixels and sigma 1.5 with K1 = 0.01 and K2 = 0.03; the
// result is the mean over R, G and B of the windows that lie wholly inside of
// the picture. These are the numbers of scikit-image's structural_similarity
// with gaussian_weights and without use_sample_covariance.
//
// In a picture with a side under 11 px no window fits. There the mean is over
// the windows around all pixels, with the picture mirrored at its edges; an
// empty picture gives 1. SSIM panics if the sizes differ.
func SSIM(a, b *RGB) float64 {
	sameSize(a, b)
	if bytes.Equal(a.Pix, b.Pix) {
		return 1
	}
	if min(a.Width, a.Height) < ssimSide {
		a, b = a.mirrored(ssimRadius), b.mirrored(ssimRadius)
	}
	const margin = 2 * ssimRadius
	n := 3 * (a.Width - margin)
	window := newSSIMWindow()
	// The filter is separable. Each row is filtered along x once and then kept
	// for the 11 rows of windows that it is in.
	row := make([]moments, 3*a.Width)
	ring := make([]moments, ssimSide*n)
	sum := 0.0
	for y := range a.Height {
		fillMoments(row, a.row(y), b.row(y))
		window.alongX(ring[y%ssimSide*n:][:n], row)
		if y < margin {
			continue
		}
		var rows [ssimSide][]moments
		for k := range rows {
			rows[k] = ring[(y+1+k)%ssimSide*n:][:n]
		}
		sum += window.similarity(&rows)
	}
	return sum / float64(n*(a.Height-margin))
}

// moments are the weighted means that the similarity of x and y follows from.
// The two variances are only ever added, so one mean serves for both.
type moments struct {
	x, y    float64
	squares float64 // x*x + y*y
	product float64 // x*y
}

func fillMoments(dst []moments, xs, ys []uint8) {
	xs, ys = xs[:len(dst)], ys[:len(dst)]
	for i := range dst {
		x, y := float64(xs[i]), float64(ys[i])
		dst[i] = moments{x, y, x*x + y*y, x * y}
	}
}

// weighted returns w times m.
func (m moments) weighted(w float64) moments {
	return moments{w * m.x, w * m.y, w * m.squares, w * m.product}
}

// plus returns m + w*(p + q).
func (m moments) plus(w float64, p, q *moments) moments {
	return moments{
		m.x + w*(p.x+q.x), m.y + w*(p.y+q.y),
		m.squares + w*(p.squares+q.squares), m.product + w*(p.product+q.product),
	}
}

// similarity is equation 13 of the paper.
func (m moments) similarity() float64 {
	cross, squares := m.x*m.y, m.x*m.x+m.y*m.y
	return (2*cross + ssimC1) * (2*(m.product-cross) + ssimC2) /
		((squares + ssimC1) * (m.squares - squares + ssimC2))
}

// ssimWindow holds the weights of the Gaussian from its edge to its centre.
type ssimWindow [ssimRadius + 1]float64

func newSSIMWindow() *ssimWindow {
	const sigma = 1.5
	var w ssimWindow
	sum := 0.0
	for k := range w {
		d := float64(ssimRadius-k) / sigma
		w[k] = math.Exp(-d * d / 2)
		sum += 2 * w[k]
	}
	sum -= w[ssimRadius]
	for k := range w {
		w[k] /= sum
	}
	return &w
}

// alongX filters a row of interleaved R, G and B.
func (w *ssimWindow) alongX(dst, src []moments) {
	const span = 3*(ssimSide-1) + 1
	src = src[:len(dst)+span-1]
	for i := range dst {
		p := src[i : i+span : i+span]
		m := p[15].weighted(w[5])
		m = m.plus(w[0], &p[0], &p[30])
		m = m.plus(w[1], &p[3], &p[27])
		m = m.plus(w[2], &p[6], &p[24])
		m = m.plus(w[3], &p[9], &p[21])
		m = m.plus(w[4], &p[12], &p[18])
		dst[i] = m
	}
}

// similarity filters along y and returns the sum over one row of windows.
func (w *ssimWindow) similarity(rows *[ssimSide][]moments) float64 {
	sum := 0.0
	for i := range rows[0] {
		m := rows[5][i].weighted(w[5])
		m = m.plus(w[0], &rows[0][i], &rows[10][i])
		m = m.plus(w[1], &rows[1][i], &rows[9][i])
		m = m.plus(w[2], &rows[2][i], &rows[8][i])
		m = m.plus(w[3], &rows[3][i], &rows[7][i])
		m = m.plus(w[4], &rows[4][i], &rows[6][i])
		sum += m.similarity()
	}
	return sum
}

// mirrored returns r with n more pixels on each side, mirrored at its edges as
// often as it takes: dcba|abcd|dcba.
func (r *RGB) mirrored(n int) *RGB {
	out := NewRGB(r.Width+2*n, r.Height+2*n)
	for y := range out.Height {
		src, dst := r.row(mirror(y-n, r.Height)), out.row(y)
		for x := range out.Width {
			from := 3 * mirror(x-n, r.Width)
			copy(dst[3*x:3*x+3], src[from:from+3])
		}
	}
	return out
}

// mirror returns the index in [0, n) that i shows, n being positive.
func mirror(i, n int) int {
	i %= 2 * n
	if i < 0 {
		i += 2 * n
	}
	return min(i, 2*n-1-i)
}
