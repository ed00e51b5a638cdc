// SPDX-License-Identifier: Apache-2.0

package shard

// FormulaLuma601 names the only grayscale formula so far: ITU-R 601 luma as in
// Pillow's mode "L".
const FormulaLuma601 = "itu-r-601"

// The values of [Meta.Alpha].
const (
	AlphaNone  = "none"  // the source was opaque
	AlphaWhite = "white" // the source had transparent parts, composited on white
)

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
	// Alpha is [AlphaNone] or [AlphaWhite].
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
