// SPDX-License-Identifier: Apache-2.0

package pixel

import "math"

// CIEDE2000 returns the mean over all pixels of [DeltaE2000], after [ToLab]: 0
// for equal pictures, about 1 where the eye begins to see a difference side by
// side, 100 between black and white. It panics if the sizes differ.
func CIEDE2000(a, b *RGB) float64 {
	sameSize(a, b)
	n := len(a.Pix) / 3
	if n == 0 {
		return 0
	}
	sum := 0.0
	for i := range n {
		p, q := a.Pix[3*i:3*i+3:3*i+3], b.Pix[3*i:3*i+3:3*i+3]
		if p[0] == q[0] && p[1] == q[1] && p[2] == q[2] {
			continue
		}
		sum += DeltaE2000(ToLab(p[0], p[1], p[2]), ToLab(q[0], q[1], q[2]))
	}
	return sum / float64(n)
}

// DeltaE2000 returns the colour difference CIEDE2000 of two colours with
// kL = kC = kH = 1, as Sharma, Wu and Dalal specify it in "The CIEDE2000
// color-difference formula: implementation notes, supplementary test data, and
// mathematical observations" (2005), equations 2 to 22. It is symmetric and not
// negative.
func DeltaE2000(x, y Lab) float64 {
	// Equations 2 to 7. The factor is 1 + G.
	stretch := 1.5 - 0.5*chromaRatio((length(x.A, x.B)+length(y.A, y.B))/2)
	v, w := hueVector{a: stretch * x.A, b: x.B}, hueVector{a: stretch * y.A, b: y.B}
	v.c, w.c = length(v.a, v.b), length(w.a, w.b)

	meanC := (v.c + w.c) / 2
	off := (x.L+y.L)/2 - 50
	off *= off
	lightness := (y.L - x.L) / (1 + 0.015*off/math.Sqrt(20+off)) // over SL, as chroma over SC
	chroma := (w.c - v.c) / (1 + 0.045*meanC)
	sum := lightness*lightness + chroma*chroma
	if v.c*w.c < 1e-100 {
		// A gray has no hue that could differ, and products of chromas as small
		// as this would underflow below.
		return math.Sqrt(sum)
	}
	dH, cos, sin := v.hueTo(w)
	hue := dH / (1 + 0.015*meanC*hueWeight(cos, sin))
	sum += hue*hue + hueRotation(cos, sin, meanC)*chroma*hue
	return math.Sqrt(sum)
}

func length(a, b float64) float64 { return math.Sqrt(a*a + b*b) }

// chromaRatio is sqrt(c^7/(c^7+25^7)) of equations 4 and 17.
func chromaRatio(c float64) float64 {
	const far = 25 * 25 * 25 * 25 * 25 * 25 * 25
	c2 := c * c
	c7 := c2 * c2 * c2 * c
	return math.Sqrt(c7 / (c7 + far))
}

// hueVector is a colour's place in the plane of a' and b', and its chroma C'.
type hueVector struct{ a, b, c float64 }

// hueTo returns the difference dH' of equations 10 and 11 and the cosine and
// sine of the mean hue of equation 14. Both chromas must be positive.
//
// The paper goes by angles in degrees and distinguishes cases where they wrap.
// The mean hue is the bisector of the smaller angle between the two vectors,
// and dH' is 2*sqrt(C1'*C2') times the sine of half that angle: both follow
// from products of the vectors, without trigonometry. There are two forms of
// each, and the branch takes the one that does not cancel.
func (v hueVector) hueTo(w hueVector) (dH, cos, sin float64) {
	// The conversions forbid a fused multiply-add, which would round the two
	// products differently and miss that opposite vectors have a cross of zero.
	cross := float64(v.a*w.b) - float64(v.b*w.a)
	dot, cc := v.a*w.a+v.b*w.b, v.c*w.c
	if dot >= 0 {
		dH = cross * math.Sqrt(2/(cc+dot))
		cos, sin = v.a*w.c+w.a*v.c, v.b*w.c+w.b*v.c
	} else {
		dH = math.Sqrt(2 * (cc - dot))
		cos, sin = w.b*v.c-v.b*w.c, v.a*w.c-w.a*v.c
		// Between opposite hues equation 10 takes the sign of h2' - h1', which is
		// positive if h2' is the one in [180, 360) degrees.
		opposite := cross == 0 && (w.b > 0 || w.b == 0 && w.a > 0)
		if cross < 0 || opposite {
			dH, cos, sin = -dH, -cos, -sin
		}
	}
	scale := 1 / length(cos, sin)
	return dH, cos * scale, sin * scale
}

// hueWeight is T of equation 15, its cosines of sums and multiples expanded.
func hueWeight(cos, sin float64) float64 {
	const (
		cos30, sin30 = 0.86602540378443864676, 0.5
		cos6, sin6   = 0.99452189536827333692, 0.10452846326765347140
		cos63, sin63 = 0.45399049973954679156, 0.89100652418836786236
	)
	cos2, sin2 := cos*cos-sin*sin, 2*cos*sin
	cos3, sin3 := cos2*cos-sin2*sin, sin2*cos+cos2*sin
	cos4, sin4 := cos2*cos2-sin2*sin2, 2*cos2*sin2
	return 1 - 0.17*(cos*cos30+sin*sin30) + 0.24*cos2 +
		0.32*(cos3*cos6-sin3*sin6) - 0.20*(cos4*cos63+sin4*sin63)
}

// hueRotation is RT of equations 16, 17 and 21.
func hueRotation(cos, sin, meanC float64) float64 {
	// Hues from 0 to 125 degrees are 6 or more times 25 degrees away from 275:
	// their angle is not worth finding, RT is below 1e-15.
	const cos125 = -0.57357643635104609611
	if sin >= 0 && cos > cos125 {
		return 0
	}
	hue := math.Atan2(sin, cos) * (180 / math.Pi)
	if hue < 0 {
		hue += 360
	}
	d := (hue - 275) / 25
	return -2 * chromaRatio(meanC) * math.Sin(math.Pi/3*math.Exp(-d*d))
}
