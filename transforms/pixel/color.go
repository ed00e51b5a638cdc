// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Color is an opaque 8-bit sRGB colour: red, green, blue. As text it is
// "#rrggbb".
type Color [3]uint8

// White returns the background on which pictures are composited by default.
func White() Color { return Color{255, 255, 255} }

// ParseColor reads "#rrggbb" with hexadecimal digits of either case, "white" or
// "black".
func ParseColor(s string) (Color, error) {
	switch s {
	case "white":
		return White(), nil
	case "black":
		return Color{}, nil
	}
	digits, ok := strings.CutPrefix(s, "#")
	b, err := hex.DecodeString(digits)
	if !ok || err != nil || len(b) != len(Color{}) {
		return Color{}, fmt.Errorf(`colour must be "#rrggbb", "white" or "black", got %q`, s)
	}
	return Color(b), nil
}

// String returns "#rrggbb" in lower case.
func (c Color) String() string { return "#" + hex.EncodeToString(c[:]) }

// MarshalText returns what [Color.String] does.
func (c Color) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what [ParseColor] does.
func (c *Color) UnmarshalText(text []byte) error {
	parsed, err := ParseColor(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// over composites a straight-alpha value on a background of value below,
// rounded to nearest.
func over(v, a, below uint8) uint8 {
	t := uint32(v)*uint32(a) + uint32(below)*(255-uint32(a)) + 128
	return uint8((t + t>>8) >> 8) // the exact quotient by 255
}
