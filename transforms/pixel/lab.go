// SPDX-License-Identifier: Apache-2.0

package pixel

import "math"

// Lab is a colour in CIE 1976 L*a*b* with the white point D65 of the 2 degree
// observer: L in [0, 100] from black to white, A from green to red and B from
// blue to yellow. Colours of sRGB have A in [-87, 99] and B in [-108, 95].
type Lab struct{ L, A, B float64 }

// ToLab converts an 8-bit sRGB colour (IEC 61966-2-1), with the matrix, white
// point and constants of scikit-image's rgb2lab.
func ToLab(r, g, b uint8) Lab {
	red, green, blue := linear[r], linear[g], linear[b]
	const whiteX, whiteZ = 0.95047, 1.08883
	x := labCurve(0.412453/whiteX*red + 0.357580/whiteX*green + 0.180423/whiteX*blue)
	y := labCurve(0.212671*red + 0.715160*green + 0.072169*blue)
	z := labCurve(0.019334/whiteZ*red + 0.119193/whiteZ*green + 0.950227/whiteZ*blue)
	return Lab{L: 116*y - 16, A: 500 * (x - y), B: 200 * (y - z)}
}

// labCurve is the function f of CIE 15, by which lightness follows a relative
// tristimulus value.
func labCurve(t float64) float64 {
	if t > 0.008856 {
		return cubeRoot(t)
	}
	return 7.787*t + 16.0/116
}

const (
	rootBits  = 7 // of the mantissa that tell the steps of an octave
	rootShift = 52 - rootBits
	rootFirst = (1023 - 7) << rootBits // the step that begins at 1/128
)

// cubeRoot returns the cube root of t, which must be in [1/128, 2), with a
// relative error under 6e-16. With [math.Cbrt], which is for all numbers,
// [CIEDE2000] takes a fifth longer.
func cubeRoot(t float64) float64 {
	s := &rootSteps[math.Float64bits(t)>>rootShift-rootFirst]
	// The binomial series of (1+u)^(1/3); |u| < 1/256, so its next term is below
	// 1e-16.
	u := t*s.inverse - 1
	u2 := u * u
	return s.root + s.root*(u*(1.0/3-u*(1.0/9))+u2*u*(5.0/81-u*(10.0/243)+u2*(22.0/729)))
}

// rootSteps holds eight octaves of steps: the cube root of each step's middle
// and one over that middle.
var rootSteps = func() (table [8 << rootBits]struct{ root, inverse float64 }) {
	for i := range table {
		low := math.Float64frombits((rootFirst + uint64(i)) << rootShift)
		high := math.Float64frombits((rootFirst + uint64(i) + 1) << rootShift)
		table[i].root, table[i].inverse = math.Cbrt((low+high)/2), 2/(low+high)
	}
	return table
}()

// linear holds the linear light in [0, 1] of each 8-bit sRGB level.
var linear = func() (table [256]float64) {
	for i := range table {
		v := float64(i) / 255
		if v > 0.04045 {
			table[i] = math.Pow((v+0.055)/1.055, 2.4)
		} else {
			table[i] = v / 12.92
		}
	}
	return table
}()
