// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"bytes"
	"image"
	"image/color"
	"testing"
)

// TestThumbnailShowsTransparencyBlack: what is half transparent is seen half as
// bright, and the thumbnail has no transparent parts, small or large.
func TestThumbnailShowsTransparencyBlack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		side int
		kind string
	}{{20, "png"}, {96, "png"}, {97, "jpeg"}, {600, "jpeg"}} {
		m := image.NewNRGBA(image.Rect(0, 0, tt.side, tt.side))
		for y := range tt.side {
			for x := range tt.side / 2 {
				m.SetNRGBA(x, y, color.NRGBA{R: 200, G: 200, B: 200, A: 128})
			}
		}
		data, err := Thumbnail(m)
		if err != nil {
			t.Fatal(err)
		}
		got, kind, err := image.Decode(bytes.NewReader(data))
		if err != nil || kind != tt.kind {
			t.Fatalf("side %d: %s, %v, want %s", tt.side, kind, err, tt.kind)
		}
		side := got.Bounds().Dx()
		for x, want := range map[int]int{side / 4: 100, 3 * side / 4: 0} {
			r, _, _, a := got.At(x, side/2).RGBA()
			if d := int(r>>8) - want; a != 0xffff || d < -3 || d > 3 {
				t.Errorf("side %d: level %d and alpha %#x at %d, want level %d", tt.side, r>>8, a, x, want)
			}
		}
	}
}
