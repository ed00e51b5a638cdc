// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"path"
	"path/filepath"
	"slices"
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
			got, encoding, err := naming{Format: tt.format}.output([]byte(tt.member))
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

func TestAffixes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		member string
		n      naming
		want   string
	}{
		{"a.jpg", naming{FormatSame, "", "-color"}, "a-color.jpg"},
		{"b/c/a.jpg", naming{FormatSame, "new ", ""}, "b/c/new a.jpg"},
		{"a.b.PNG", naming{FormatSame, "x", "y"}, "xa.by.PNG"},
		{"a.gif", naming{FormatSame, "", "-color"}, "a-color.gif.png"},
		{"a.gif.png", naming{FormatSame, "", "-color"}, "a.gif-color.png"},
		{"a.png", naming{FormatSame, "", ".gif"}, "a.gif.png.png"},
		{"a.tif", naming{FormatJPEG, "p-", "-s"}, "p-a-s.tif.jpg"},
		{"a.png/b.png", naming{FormatSame, "p-", "-s"}, "a.png_/p-b-s.png"},
		{".png", naming{FormatSame, "p", "s"}, "ps.png"},
		{"scan.heic", naming{FormatSame, "", "-color"}, "scan-color.heic.png"},
	}
	for _, tt := range tests {
		if got, _, err := tt.n.output([]byte(tt.member)); err != nil || got != tt.want {
			t.Errorf("%q with %+v becomes %q, %v, want %q", tt.member, tt.n, got, err, tt.want)
		}
	}
	long := naming{FormatSame, strings.Repeat("p", 20), strings.Repeat("s", 20)}
	if got, _, err := long.output([]byte(strings.Repeat("x", 212) + ".png")); err == nil {
		t.Errorf("a name of %d bytes was not refused", len(got))
	}
}

func TestValidateNaming(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "-color", "_é", " (1)", "~", strings.Repeat("s", maxAffix)} {
		if err := (naming{FormatSame, good, good}).validate(); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"a/b": "must be UTF-8", `a\b`: "must be UTF-8", "\xff": "must be UTF-8", "a\n": "must be UTF-8", "%": "must be UTF-8",
		strings.Repeat("s", maxAffix+1): "must have at most 64 bytes",
	} {
		err := naming{FormatSame, bad, bad}.validate()
		if err == nil || !strings.Contains(err.Error(), "prefix "+want) || !strings.Contains(err.Error(), "suffix "+want) {
			t.Errorf("%q: %v, want that both are refused with %q", bad, err, want)
		}
	}
	if err := (naming{FormatSame, ".x", ""}).validate(); err == nil || !strings.Contains(err.Error(), "dot") {
		t.Errorf("a prefix with a dot in front: %v", err)
	}
}

// TestNamesDiffer makes names out of the pieces that meet in the rules, all of
// them up to three pieces long, and wants that no two get one name and that none
// lies where another needs a folder.
func TestNamesDiffer(t *testing.T) {
	t.Parallel()
	pieces := []string{"a", "-c", "p-", ".png", ".PNG", ".gif", ".jpg", ".jpeg", "_", "/", "%FF", "\xff", "%", "."}
	var members []string
	for _, x := range append(pieces, "") {
		for _, y := range append(pieces, "") {
			for _, z := range pieces {
				for _, ext := range []string{".png", ".gif", ".jpg", ".jpeg"} {
					members = append(members, x+y+z+ext)
				}
			}
		}
	}
	slices.Sort(members)
	members = slices.Compact(members)
	for _, format := range []Format{FormatSame, FormatJPEG, FormatPNG} {
		for _, affix := range [][2]string{{"", ""}, {"p-", ""}, {"", "-c"}, {"p-", "-c"}, {"a.gif", ".gif"}, {"_", ".png"}} {
			from := map[string]string{}
			for _, m := range members {
				name, _, err := naming{format, affix[0], affix[1]}.output([]byte(m))
				if err != nil {
					continue
				}
				if other, ok := from[name]; ok {
					t.Errorf("%s, %q: %q and %q both become %q", format, affix, other, m, name)
				}
				from[name] = m
			}
			if len(from) < len(members)/4 {
				t.Fatalf("only %d of %d members have a name", len(from), len(members))
			}
			for name, m := range from {
				for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
					if other, ok := from[dir]; ok {
						t.Errorf("%s, %q: %q becomes %q, a folder for %q", format, affix, other, dir, m)
					}
				}
			}
		}
	}
}

// FuzzOutputName wants names that stay inside the output, that are not the
// job's own, and that differ where the members do.
func FuzzOutputName(f *testing.F) {
	for _, s := range []string{"a.gif", "a.png", "../x.png", "a.gif.png", "%25.png", "%2525.png", "a.png/b.jpg", "\xff.png", "%FF.png", "a\x00.png"} {
		f.Add([]byte(s), []byte("a.png"), uint8(0), "", "")
		f.Add([]byte(s), []byte("a.gif.png"), uint8(1), "p-", ".gif")
		f.Add([]byte(s), []byte("%FF.png"), uint8(2), "a.gif", "-color")
	}
	f.Fuzz(func(t *testing.T, a, b []byte, choice uint8, prefix, suffix string) {
		n := naming{[]Format{FormatSame, FormatJPEG, FormatPNG}[choice%3], prefix, suffix}
		if n.validate() != nil {
			return
		}
		x, _, errX := n.output(a)
		if errX != nil {
			return
		}
		if !filepath.IsLocal(x) || !utf8.ValidString(x) || strings.HasPrefix(strings.ToLower(x), stateName+"/") {
			t.Errorf("%q becomes %q", a, x)
		}
		y, _, errY := n.output(b)
		if errY == nil && x == y && string(a) != string(b) {
			t.Errorf("%q and %q both become %q", a, b, x)
		}
		// A picture must not lie where another one needs a folder.
		if errY == nil && strings.HasPrefix(y, x+"/") {
			t.Errorf("%q becomes %q, a folder of %q of %q", a, x, y, b)
		}
	})
}
