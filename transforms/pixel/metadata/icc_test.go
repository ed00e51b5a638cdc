// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"encoding/binary"
	"image"
	"math"
	"strings"
	"testing"
)

// iccProfile is a profile with one curve.
func iccProfile(space, pcs, class string, curve []byte) []byte {
	b := make([]byte, 128, 256)
	copy(b[12:], class+space+pcs)
	copy(b[36:], "acsp")
	b = binary.BigEndian.AppendUint32(b, 1)
	b = append(b, "kTRC"...)
	b = binary.BigEndian.AppendUint32(b, 144)
	b = binary.BigEndian.AppendUint32(b, uint32(len(curve)))
	b = append(b, curve...)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func grayProfile(curve []byte) []byte { return iccProfile("GRAY", "XYZ ", "mntr", curve) }

func curv(values ...uint16) []byte {
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), uint32(len(values)))
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

func para(kind uint16, values ...float64) []byte {
	b := binary.BigEndian.AppendUint16([]byte("para\x00\x00\x00\x00"), kind)
	b = append(b, 0, 0)
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return b
}

// srgbCurve is sRGB's own curve as a profile has it.
func srgbCurve() []byte { return para(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045) }

func TestProfile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		icc  []byte
		want Profile
	}{
		{"none", nil, NoProfile},
		{"gray", grayProfile(curv()), GrayProfile},
		{"RGB", iccProfile("RGB ", "XYZ ", "scnr", curv()), RGBProfile},
		{"CMYK", iccProfile("CMYK", "Lab ", "prtr", curv()), OtherProfile},
		{"a link", iccProfile("RGB ", "RGB ", "link", curv()), OtherProfile},
		{"cut", grayProfile(curv())[:140], OtherProfile},
		{"text", []byte(strings.Repeat("x", 500)), OtherProfile},
	} {
		if got := (Metadata{ICC: tt.icc}).Profile(); got != tt.want {
			t.Errorf("%s: profile %d, want %d", tt.name, got, tt.want)
		}
	}
}

// The values of curves are LittleCMS's (through Pillow 13's ImageCms, to its
// sRGB, relative colorimetric), which agrees to one level.
func TestGrayLevels(t *testing.T) {
	t.Parallel()
	line := make([]uint16, 4096)
	for i := range line {
		line[i] = uint16(math.Round(65535 * math.Pow(float64(i)/4095, 2.2)))
	}
	for _, tt := range []struct {
		name string
		icc  []byte
		want [5]int // sRGB's level for 0, 64, 128, 192 and 255
		same bool
	}{
		{"gamma 2.2", grayProfile(curv(563)), [5]int{0, 62, 129, 193, 255}, false},
		{"gamma 1.8", grayProfile(curv(461)), [5]int{0, 81, 146, 203, 255}, false},
		{"a table of gamma 2.2", grayProfile(curv(line...)), [5]int{0, 62, 129, 193, 255}, false},
		{"linear", grayProfile(curv()), [5]int{0, 137, 188, 225, 255}, false},
		{"lightness", iccProfile("GRAY", "Lab ", "mntr", curv()), [5]int{0, 60, 119, 185, 255}, false},
		{"sRGB", grayProfile(srgbCurve()), [5]int{0, 64, 128, 192, 255}, true},
		{"sRGB with offsets", grayProfile(para(4, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045, 0, 0)), [5]int{0, 64, 128, 192, 255}, true},
		{"gamma as a function", grayProfile(para(0, 1.8)), [5]int{0, 81, 146, 203, 255}, false},
		{"offset", grayProfile(para(1, 2.2, 0.9, 0.1)), [5]int{19, 82, 142, 200, 255}, false},
		{"offset and floor", grayProfile(para(2, 2.2, 0.9, 0.1, 0.01)), [5]int{34, 87, 144, 201, 255}, false},
	} {
		levels, err := GrayLevels(tt.icc)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		m := image.NewGray(image.Rect(0, 0, 5, 1))
		copy(m.Pix, []uint8{0, 64, 128, 192, 255})
		got := levels.Gray(m)
		for i, v := range got.Pix {
			if d := int(v) - tt.want[i]; d < -1 || d > 1 {
				t.Errorf("%s: levels %v, want %v", tt.name, got.Pix, tt.want)
				break
			}
		}
		if got := IsSRGBGray(tt.icc); got != tt.same {
			t.Errorf("%s: sRGB's curve: %v", tt.name, got)
		}
	}
}

func TestLevels16(t *testing.T) {
	t.Parallel()
	levels, err := GrayLevels(grayProfile(curv()))
	if err != nil {
		t.Fatal(err)
	}
	m := image.NewGray16(image.Rect(0, 0, 2, 2))
	for i, v := range []uint16{0, 65535, 32768, 100} {
		binary.BigEndian.PutUint16(m.Pix[2*i:], v)
	}
	part, _ := m.SubImage(image.Rect(1, 0, 2, 2)).(*image.Gray16) // one with a stride of its own
	got := levels.Gray16(part)
	if a, b := got.Gray16At(0, 0).Y, got.Gray16At(0, 1).Y; a != 65535 || b != 1292 {
		t.Errorf("levels %d, %d, want 65535, 1292", a, b)
	}
}

func TestGrayLevelsRejects(t *testing.T) {
	t.Parallel()
	far := grayProfile(curv())
	binary.BigEndian.PutUint32(far[136:], 1<<31)
	for _, tt := range []struct {
		name string
		icc  []byte
		want string
	}{
		{"nothing", nil, "damaged"},
		{"RGB", iccProfile("RGB ", "XYZ ", "mntr", curv()), `is for "RGB ", not for gray`},
		{"curve elsewhere", far, `no whole curve "kTRC"`},
		{"short curve", grayProfile([]byte("curv")), `no whole curve "kTRC"`},
		{"long table", grayProfile([]byte("curv\x00\x00\x00\x00\xff\xff\xff\xff")), "damaged"},
		{"gamma 0", grayProfile(curv(0)), "damaged"},
		{"unknown type", grayProfile([]byte("mft2\x00\x00\x00\x00\x00\x00\x00\x00")), `unknown type "mft2"`},
		{"unknown function", grayProfile(para(5, 1, 1, 1, 1, 1, 1, 1)), "damaged"},
		{"function cut short", grayProfile(para(4, 1, 1)), "damaged"},
		{"function without a slope", grayProfile(para(1, 2, 0, 0)), "damaged"},
	} {
		if _, err := GrayLevels(tt.icc); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
		if IsSRGBGray(tt.icc) {
			t.Errorf("%s: counts as sRGB", tt.name)
		}
	}
}

func FuzzGrayLevels(f *testing.F) {
	f.Add(grayProfile(curv(563)))
	f.Add(grayProfile(curv(0, 100, 65535)))
	f.Add(grayProfile(srgbCurve()))
	f.Add(grayProfile(para(2, -2.2, 0.9, -0.1, 0.01)))
	f.Add(iccProfile("GRAY", "Lab ", "mntr", curv()))
	f.Fuzz(func(t *testing.T, icc []byte) {
		if _, err := GrayLevels(icc); (err == nil) != (Metadata{ICC: icc}.Profile() == GrayProfile) && err == nil {
			t.Error("levels of what is no gray profile")
		}
	})
}
