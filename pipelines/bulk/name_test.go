// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

func TestOutputName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 252) + ".png"
	tests := []struct {
		member   string
		format   Format
		want     string
		encoding Format
		reject   string
	}{
		{"a.png", FormatSame, "a.png", FormatPNG, ""},
		{"A.PNG", FormatSame, "A.PNG", FormatPNG, ""},
		{"b/a.jpg", FormatSame, "b/a.jpg", FormatJPEG, ""},
		{"a.JPEG", FormatSame, "a.JPEG", FormatJPEG, ""},
		{"a.gif", FormatSame, "a.gif.png", FormatPNG, ""},
		{"a.gif.png", FormatSame, "a.gif.png.png", FormatPNG, ""},
		{"a.gif.PNG", FormatSame, "a.gif.PNG.png", FormatPNG, ""},
		{"a.gif.png.png", FormatSame, "a.gif.png.png.png", FormatPNG, ""},
		{"a.jpg.png", FormatSame, "a.jpg.png", FormatPNG, ""},
		{"a.png.jpg", FormatSame, "a.png.jpg", FormatJPEG, ""},
		{"a.webp", FormatJPEG, "a.webp.jpg", FormatJPEG, ""},
		{"a.png", FormatJPEG, "a.png.jpg", FormatJPEG, ""},
		{"a.png.jpg", FormatJPEG, "a.png.jpg.jpg", FormatJPEG, ""},
		{"a.png.jpeg", FormatJPEG, "a.png.jpeg", FormatJPEG, ""},
		{"a.jpg", FormatPNG, "a.jpg.png", FormatPNG, ""},
		{"a.jpg.png", FormatPNG, "a.jpg.png.png", FormatPNG, ""},
		{"a.png/b.png", FormatSame, "a.png_/b.png", FormatPNG, ""},
		{"a.png_/b.png", FormatSame, "a.png__/b.png", FormatPNG, ""},
		{"ü 100%.png", FormatSame, "ü 100%.png", FormatPNG, ""},
		{"100%20.png", FormatSame, "100%2520.png", FormatPNG, ""},
		{"\xff\xfe.png", FormatSame, "%FF%FE.png", FormatPNG, ""},
		{"a\\b\n.png", FormatSame, "a%5Cb%0A.png", FormatPNG, ""},
		{"%\xff.png", FormatSame, "%%FF.png", FormatPNG, ""},
		{"../a.png", FormatSame, "", "", "unsafe name"},
		{"b/../../a.png", FormatSame, "", "", "unsafe name"},
		{"/etc/a.png", FormatSame, "", "", "unsafe name"},
		{"b//a.png", FormatSame, "", "", "unsafe name"},
		{"./a.png", FormatSame, "", "", "unsafe name"},
		{"a", FormatSame, "", "", "no picture's extension"},
		{"", FormatSame, "", "", "unsafe name"},
		{".Chromabeam/a.png", FormatSame, "", "", "reserved name"},
		{long, FormatSame, "", "", "name too long"},
	}
	for _, tt := range tests {
		t.Run(string(tt.format)+" "+tt.member[:min(len(tt.member), 20)], func(t *testing.T) {
			got, encoding, err := outputName([]byte(tt.member), tt.format)
			if tt.reject != "" {
				r := fault.RejectOf("", fault.StageWrite, err)
				if err == nil || !strings.Contains(r.Reason, tt.reject) || r.Transient {
					t.Errorf("outputName = %q, %v, want a permanent reject with %q", got, err, tt.reject)
				}
				return
			}
			if err != nil || got != tt.want || encoding != tt.encoding {
				t.Errorf("outputName = %q, %q, %v, want %q, %q", got, encoding, err, tt.want, tt.encoding)
			}
		})
	}
}

// FuzzOutputName wants names that stay inside the output, that are not the
// job's own, and that differ where the members do.
func FuzzOutputName(f *testing.F) {
	for _, s := range []string{"a.gif", "a.png", "../x.png", "a.gif.png", "%25.png", "%2525.png", "a.png/b.jpg", "\xff.png", "%FF.png", "a\x00.png"} {
		f.Add([]byte(s), []byte("a.png"), uint8(0))
		f.Add([]byte(s), []byte("a.gif.png"), uint8(1))
		f.Add([]byte(s), []byte("%FF.png"), uint8(2))
	}
	f.Fuzz(func(t *testing.T, a, b []byte, choice uint8) {
		format := []Format{FormatSame, FormatJPEG, FormatPNG}[choice%3]
		x, _, errX := outputName(a, format)
		if errX != nil {
			return
		}
		if !filepath.IsLocal(x) || !utf8.ValidString(x) || strings.HasPrefix(strings.ToLower(x), stateName+"/") {
			t.Errorf("%q becomes %q", a, x)
		}
		y, _, errY := outputName(b, format)
		if errY == nil && x == y && string(a) != string(b) {
			t.Errorf("%q and %q both become %q", a, b, x)
		}
		// A picture must not lie where another one needs a folder.
		if errY == nil && strings.HasPrefix(y, x+"/") {
			t.Errorf("%q becomes %q, a folder of %q of %q", a, x, y, b)
		}
	})
}
