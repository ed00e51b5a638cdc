// SPDX-License-Identifier: Apache-2.0

package shard

import "regexp"

// The values of [Meta.Formula]: how gray was made from colour.
const (
	FormulaLuma601   = "itu-r-601"     // ITU-R BT.601 luma, as in Pillow's mode "L"
	FormulaLuma709   = "itu-r-709"     // ITU-R BT.709 luma
	FormulaLightness = "cie-lightness" // CIELAB L*, scaled to 0..255
)

// ValidFormula reports whether a gray formula is one of those above.
func ValidFormula(formula string) bool {
	switch formula {
	case FormulaLuma601, FormulaLuma709, FormulaLightness:
		return true
	}
	return false
}

// The values of [Meta.Alpha]; a third is "#rrggbb", the colour on which the
// transparent parts were composited, in lower case.
const (
	AlphaNone  = "none"  // the source was opaque
	AlphaWhite = "white" // the source had transparent parts, composited on white
)

var hexColor = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// ValidAlpha reports whether alpha is [AlphaNone], [AlphaWhite] or "#rrggbb".
func ValidAlpha(alpha string) bool {
	return alpha == AlphaNone || alpha == AlphaWhite || hexColor.MatchString(alpha)
}

// Meta describes one picture; it is KEY.json inside a shard.
type Meta struct {
	// Source is the picture's URI or name inside the job's input.
	Source string `json:"source"`
	// SHA256 is the hash of the source's bytes, in hexadecimal.
	SHA256 string `json:"sha256"`
	// Width and Height are the source's, upright, in pixels.
	Width  int `json:"width"`
	Height int `json:"height"`
	// Size is the side of the square pictures in the shard, in pixels.
	Size int `json:"size"`
	// Formula names how gray was made from colour, such as [FormulaLuma601].
	Formula string `json:"formula"`
	// Alpha is [AlphaNone], [AlphaWhite] or "#rrggbb"; see [ValidAlpha].
	Alpha string `json:"alpha"`
}

// Sample is one pair of pictures.
type Sample struct {
	// Key is the sample's name inside the shard, without dots or slashes.
	Key string
	// Gray is an 8-bit one-channel PNG, Color an RGB PNG of the same size.
	Gray, Color []byte
	Meta        Meta
}
