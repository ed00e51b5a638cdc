// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"encoding/json"
	"image"
	"image/color"
	"strings"
	"testing"
)

func TestParseColor(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Color{
		"white": {255, 255, 255}, "black": {}, "#000000": {}, "#ff8001": {255, 128, 1}, "#Ff8001": {255, 128, 1},
	} {
		got, err := ParseColor(s)
		if err != nil || got != want {
			t.Errorf("ParseColor(%q) = %v, %v, want %v", s, got, err, want)
		}
		if back, err := ParseColor(got.String()); err != nil || back != got {
			t.Errorf("%q came back as %v, %v", got.String(), back, err)
		}
	}
	for _, s := range []string{"", "#", "ff8001", "#ff80", "#ff800", "#ff80010", "#gg8001", "##ff800", "White", "red"} {
		if _, err := ParseColor(s); err == nil || !strings.Contains(err.Error(), "got ") {
			t.Errorf("ParseColor(%q) = %v", s, err)
		}
	}
	var c Color
	text, err := json.Marshal(Color{1, 2, 255})
	if err != nil || string(text) != `"#0102ff"` {
		t.Errorf("as JSON: %s, %v", text, err)
	}
	if err := json.Unmarshal(text, &c); err != nil || c != (Color{1, 2, 255}) {
		t.Errorf("from JSON: %v, %v", c, err)
	}
	if err := json.Unmarshal([]byte(`"red"`), &c); err == nil {
		t.Error("an unknown colour was read from JSON")
	}
}

// A quarter of red, in every type that has an alpha, on three backgrounds.
func TestRGBOn(t *testing.T) {
	t.Parallel()
	one := image.Rect(0, 0, 1, 1)
	pictures := map[string]image.Image{
		"NRGBA":   &image.NRGBA{Pix: []uint8{255, 0, 0, 64}, Stride: 4, Rect: one},
		"RGBA":    &image.RGBA{Pix: []uint8{64, 0, 0, 64}, Stride: 4, Rect: one},
		"NRGBA64": &image.NRGBA64{Pix: []uint8{255, 255, 0, 0, 0, 0, 64, 64}, Stride: 8, Rect: one},
		"RGBA64":  &image.RGBA64{Pix: []uint8{64, 64, 0, 0, 0, 0, 64, 64}, Stride: 8, Rect: one},
		"paletted": &image.Paletted{
			Pix: []uint8{0}, Stride: 1, Rect: one, Palette: color.Palette{color.NRGBA{R: 255, A: 64}},
		},
	}
	for name, m := range pictures {
		p := &Picture{Image: m}
		for background, want := range map[Color]Color{
			White():        {255, 191, 191},
			{}:             {64, 0, 0},
			{200, 100, 40}: {214, 75, 30},
		} {
			got := Color(p.RGBOn(background).Pix)
			for i := range got {
				if d := int(got[i]) - int(want[i]); d < -1 || d > 1 {
					t.Errorf("%s on %v = %v, want %v", name, background, got, want)
				}
			}
		}
		if got, want := Color(p.RGB().Pix), Color(p.RGBOn(White()).Pix); got != want {
			t.Errorf("%s: RGB is %v, on white %v", name, got, want)
		}
	}
	glass := &Picture{Image: image.NewNRGBA(one)}
	if got := Color(glass.RGBOn(Color{9, 8, 7}).Pix); got != (Color{9, 8, 7}) {
		t.Errorf("a clear pixel on {9 8 7} is %v", got)
	}
}
