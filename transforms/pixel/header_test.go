// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

func jpegTestdata(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("jpeg", "testdata", name+".jpg"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestReadHeader(t *testing.T) {
	t.Parallel()
	const n = 37 * 23
	rgb, deep := photo(37, 23), NewRGB48(37, 23)
	for _, tt := range []struct {
		name string
		data []byte
		want Header
	}{
		{"png", pngBytes(t, rgb), Header{"png", 37, 23, 8, 8 * n}},
		{"gray png", pngBytes(t, rgb.Luma()), Header{"png", 37, 23, 8, 2 * n}},
		{"16-bit png", pngBytes(t, deep), Header{"png", 37, 23, 16, 16 * n}},
		{"16-bit gray png", pngBytes(t, image.NewGray16(rgb.Bounds())), Header{"png", 37, 23, 16, 4 * n}},
		{"jpeg", jpegBytes(t, rgb), Header{"jpeg", 37, 23, 8, 3*n/2 + 1}},
		{"gray jpeg", jpegBytes(t, rgb.Luma()), Header{"jpeg", 37, 23, 8, n}},
		{"turned jpeg", withExif(jpegBytes(t, rgb), 6), Header{"jpeg", 37, 23, 8, 13*n/2 + 1}},
		{"turned gray jpeg", withExif(jpegBytes(t, rgb.Luma()), 6), Header{"jpeg", 37, 23, 8, 2 * n}},
		{"progressive jpeg", jpegTestdata(t, "progressive-420"), Header{"jpeg", 61, 45, 8, 21103}},
		{"progressive gray jpeg", jpegTestdata(t, "progressive-gray"), Header{"jpeg", 37, 29, 8, 5500}},
		{"bmp", encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, rgb) }), Header{"bmp", 37, 23, 8, 8 * n}},
		{"tiff", encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, rgb, nil) }), Header{"tiff", 37, 23, 8, 8 * n}},
		{"tiff of many samples", tiffFile(binary.LittleEndian, []tiffTags{grayTags().with(tiffTags{tiffSamplesPerPixel: {16}})}, make([]byte, 128)), Header{"tiff", 4, 2, 8, 8 + 8*16}},
		{"jpeg in tiff", tiffTestdata(t, "jpeg-ycbcr"), Header{"tiff", 70, 45, 8, 6 * 70 * 45}},
		{"webp", lossyWebP(), Header{"webp", 16, 16, 8, 6 * 16 * 16}},
	} {
		got, err := ReadHeader(tt.data, DefaultLimits())
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, d)
		}
		p, err := Decode(tt.data, DefaultLimits())
		if err != nil || p.SourceWidth != got.Width || p.SourceHeight != got.Height || p.Bits != got.Bits {
			t.Errorf("%s: decoded to %dx%d of %d bits, %v", tt.name, p.SourceWidth, p.SourceHeight, p.Bits, err)
		}
	}
	if _, err := ReadHeader(bombPNG(40000, 40000), DefaultLimits()); err == nil || !strings.Contains(err.Error(), "exceed the limit of 100 megapixels") {
		t.Errorf("a bomb: %v", err)
	}
	if _, err := ReadHeader(pngBytes(t, rgb), Limits{MaxBytes: 9}); err == nil {
		t.Error("a file above the limit was read")
	}
}
