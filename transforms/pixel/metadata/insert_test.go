// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func smallJPEG(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 9, 7)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func smallPNG(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 9, 7))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestInsert(t *testing.T) {
	t.Parallel()
	long := make([]byte, 200_000)
	for i := range long {
		long[i] = byte(i * i >> 7)
	}
	exif := block(binary.BigEndian, "MM", 6)
	for _, tt := range []struct {
		name string
		in   Metadata
		jpeg Metadata // what fits
	}{
		{"nothing", Metadata{}, Metadata{}},
		{"EXIF", Metadata{EXIF: exif}, Metadata{EXIF: exif}},
		{"both", Metadata{EXIF: exif, ICC: []byte("profile")}, Metadata{EXIF: exif, ICC: []byte("profile")}},
		{"a profile in parts", Metadata{ICC: long}, Metadata{ICC: long}},
		{"the longest EXIF", Metadata{EXIF: long[:65527]}, Metadata{EXIF: long[:65527]}},
		{"too long an EXIF", Metadata{EXIF: long, ICC: long}, Metadata{ICC: long}},
	} {
		file, err := InsertJPEG(smallJPEG(t), Metadata{EXIF: []byte("old"), ICC: []byte("old")})
		if err != nil {
			t.Fatal(err)
		}
		if file, err = InsertJPEG(file, tt.in); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.jpeg, Read(file)); d != "" {
			t.Errorf("%s, JPEG: (-want +got)\n%s", tt.name, d)
		}
		if _, err := jpeg.Decode(bytes.NewReader(file)); err != nil {
			t.Errorf("%s, JPEG: %v", tt.name, err)
		}
		if n := bytes.Count(file, []byte("JFIF")); n != 1 {
			t.Errorf("%s, JPEG: %d JFIF segments", tt.name, n)
		}
		if file, err = InsertPNG(smallPNG(t), Metadata{EXIF: []byte("old"), ICC: []byte("old")}); err != nil {
			t.Fatal(err)
		}
		if file, err = InsertPNG(file, tt.in); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.in, Read(file)); d != "" {
			t.Errorf("%s, PNG: (-want +got)\n%s", tt.name, d)
		}
		if _, err := png.Decode(bytes.NewReader(file)); err != nil {
			t.Errorf("%s, PNG: %v", tt.name, err)
		}
	}
}

// A profile replaces other statements on colour; without one they stay.
func TestInsertPNGColor(t *testing.T) {
	t.Parallel()
	plain := smallPNG(t)
	file := slices.Concat(plain[:33], chunk("sRGB", []byte{0}), chunk("gAMA", make([]byte, 4)), chunk("tEXt", []byte("a\x00b")), plain[33:])
	kinds := func(m Metadata) (out []string) {
		got, err := InsertPNG(file, m)
		if err != nil {
			t.Fatal(err)
		}
		for kind := range PNGChunks(got) {
			out = append(out, kind)
		}
		return out
	}
	if d := cmp.Diff([]string{"IHDR", "eXIf", "sRGB", "gAMA", "tEXt", "IDAT", "IEND"}, kinds(Metadata{EXIF: []byte("x")})); d != "" {
		t.Errorf("EXIF: (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"IHDR", "iCCP", "tEXt", "IDAT", "IEND"}, kinds(Metadata{ICC: []byte("x")})); d != "" {
		t.Errorf("ICC: (-want +got)\n%s", d)
	}
}

func TestInsertRejects(t *testing.T) {
	t.Parallel()
	for _, data := range [][]byte{nil, []byte("text"), smallPNG(t)[:20], []byte(pngMagic + "\x00\x00\x00\x02IHDRxxxxxxxxxxxxxxxxxxxx")} {
		if _, err := InsertJPEG(data, Metadata{}); err == nil {
			t.Errorf("InsertJPEG took %q", data)
		}
		if _, err := InsertPNG(data, Metadata{}); err == nil {
			t.Errorf("InsertPNG took %q", data)
		}
	}
}
