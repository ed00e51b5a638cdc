// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/source"
)

const (
	stateName = ".chromabeam"
	// maxComponent is the longest file name that common file systems take.
	maxComponent = 255
)

// naming says how coloured pictures are called and in which format they are.
type naming struct {
	Format Format
	// Prefix and Suffix stand before and after the name without its extension.
	Prefix, Suffix string
}

// output returns the name of the coloured picture for a member of the input,
// with "/" between folders, and its format. Different members always get
// different names, and a name depends on nothing but its member and n:
//
//   - Prefix and suffix go around the name of the file: with "old-" and "-color"
//     "b/a.jpg" becomes "b/old-a-color.jpg". What follows is about the name with
//     them.
//   - A picture whose format stays keeps its name.
//   - One that changes its format gets the new extension after its own:
//     "a.gif" becomes "a.gif.png". So "a.gif" and "a.png" do not meet.
//   - A picture that is called like that from the start, such as "a.gif.png",
//     gets one more: "a.gif.png.png".
//   - A folder called like a picture, such as "a.png", becomes "a.png_".
//   - Bytes that are not UTF-8, control characters, backslashes and percent
//     signs that look like an escape are written %XX.
//
// Names that lead out of the output, reserved names and names that are too long
// are refused with a permanent reject.
func (n naming) output(member []byte) (name string, encoding Format, err error) {
	name = escape(member)
	parts := strings.Split(name, "/")
	for _, p := range parts {
		if p == "" || p == "." || p == ".." {
			return "", "", fault.Picture(fault.StageWrite, "unsafe name: it is absolute or has an empty, \".\" or \"..\" part")
		}
	}
	if !source.HasExtension(name) {
		return "", "", fault.Picture(fault.StageWrite, "unsafe name: it has no picture's extension")
	}
	if strings.EqualFold(parts[0], stateName) {
		return "", "", fault.Picture(fault.StageWrite, "reserved name: %s holds the job's own records", stateName)
	}
	last := len(parts) - 1
	for i := range last {
		parts[i] = folderName(parts[i])
	}
	parts[last], encoding = fileName(n.affix(parts[last]), n.Format)
	for _, p := range parts {
		if len(p) > maxComponent {
			return "", "", fault.Picture(fault.StageWrite,
				"name too long: a part of it has %d bytes, the limit is %d", len(p), maxComponent)
		}
	}
	name = strings.Join(parts, "/")
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", "", fault.Picture(fault.StageWrite, "unsafe name: this system reserves it")
	}
	return name, encoding, nil
}

// affix puts prefix and suffix around a file name's stem. The extension stays
// what and where it is, so that different names stay different.
func (n naming) affix(name string) string {
	ext := path.Ext(name)
	return n.Prefix + strings.TrimSuffix(name, ext) + n.Suffix + ext
}

// maxAffix bounds a prefix or suffix, in bytes: names have few to spare.
const maxAffix = 64

// validate returns everything that is wrong with n.
func (n naming) validate() error {
	problems := []error{n.Format.Validate(), validateAffix("prefix", n.Prefix), validateAffix("suffix", n.Suffix)}
	if strings.HasPrefix(n.Prefix, ".") {
		problems = append(problems, fmt.Errorf("prefix must not begin with a dot, which hides files, got %q", n.Prefix))
	}
	return errors.Join(problems...)
}

// validateAffix wants text that is safe inside a file name on any system.
func validateAffix(field, s string) error {
	bad := func(r rune) bool { return r < 0x20 || r == 0x7F || strings.ContainsRune(`/\:*?"<>|%`, r) }
	switch {
	case len(s) > maxAffix:
		return fmt.Errorf("%s must have at most %d bytes, got %d", field, maxAffix, len(s))
	case !utf8.ValidString(s), strings.ContainsFunc(s, bad):
		return fmt.Errorf(`%s must be UTF-8 without control characters and / \ : * ? " < > | %%, got %q`, field, s)
	}
	return nil
}

// fileName returns the coloured picture's file name and format.
func fileName(name string, format Format) (string, Format) {
	encoding := encodingOf(name, format)
	ext := extension(encoding)
	if converts(name, format) {
		return name + ext, encoding
	}
	// Another picture's name with ext after it, perhaps more than once?
	stem := name
	for len(stem) >= len(ext) && strings.EqualFold(stem[len(stem)-len(ext):], ext) {
		stem = stem[:len(stem)-len(ext)]
	}
	if stem != name && source.HasExtension(stem) && converts(stem, format) && encodingOf(stem, format) == encoding {
		return name + ext, encoding
	}
	return name, encoding
}

func extension(encoding Format) string {
	if encoding == FormatJPEG {
		return ".jpg"
	}
	return ".png"
}

// encodingOf returns the format in which a picture of this name is written.
func encodingOf(name string, format Format) Format {
	switch {
	case format != FormatSame:
		return format
	case isJPEG(name):
		return FormatJPEG
	default:
		return FormatPNG
	}
}

// converts reports whether a picture of this name changes its format.
func converts(name string, format Format) bool {
	if encodingOf(name, format) == FormatJPEG {
		return !isJPEG(name)
	}
	return strings.ToLower(path.Ext(name)) != ".png"
}

func isJPEG(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".jpg" || ext == ".jpeg"
}

// folderName keeps folders apart from coloured pictures: a file "a.png" and a
// folder "a.png" cannot both be written. An underscore more keeps "a.png_" apart
// as well.
func folderName(name string) string {
	if source.HasExtension(strings.TrimRight(name, "_")) {
		return name + "_"
	}
	return name
}

// escape writes raw bytes as text that is safe as a name, one to one.
func escape(raw []byte) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		c := raw[i]
		bad := (r == utf8.RuneError && n <= 1) || c < 0x20 || c == 0x7F || c == '\\' ||
			(c == '%' && i+2 < len(raw) && isHex(raw[i+1]) && isHex(raw[i+2]))
		if bad {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
			i++
			continue
		}
		b.Write(raw[i : i+n])
		i += n
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f'
}
