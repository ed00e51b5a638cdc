// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// sniff finds the format by the first bytes, or says what the file is instead.
func sniff(data []byte) (codec, error) {
	has := func(prefix string) bool { return bytes.HasPrefix(data, []byte(prefix)) }
	switch {
	case len(data) == 0:
		return codec{}, fault.Picture(fault.StageDecode, "empty file")
	case has("\x89PNG\r\n\x1a\n"):
		return pngCodec(), nil
	case has("\xff\xd8"):
		return jpegCodec(), nil
	case has("GIF87a"), has("GIF89a"):
		return gifCodec(), nil
	case has("RIFF") && len(data) >= 12 && string(data[8:12]) == "WEBP":
		return webpCodec(), nil
	case has("II*\x00"), has("MM\x00*"):
		return tiffCodec(), nil
	case has("BM") && len(data) >= 18 && data[16] == 0 && data[17] == 0: // "BM" alone is a likely start of a text
		return bmpCodec(), nil
	case isBigTIFF(data):
		return codec{}, unreadable("BigTIFF")
	}
	if what := otherPicture(data); what != "" {
		return codec{}, unreadable(what)
	}
	if what := otherKind(data); what != "" {
		return codec{}, fault.Picture(fault.StageDecode, "not a supported picture (%s?)", what)
	}
	return codec{}, fault.Picture(fault.StageDecode, "not a picture")
}

func unreadable(kind string) error {
	return fault.Picture(fault.StageDecode, "unsupported format: %s", kind)
}

// otherPicture names a format of pictures that is known and not read, or
// returns "".
func otherPicture(data []byte) string {
	starts := func(at int, magic string) bool {
		return len(data) >= at && bytes.HasPrefix(data[at:], []byte(magic))
	}
	switch {
	case starts(4, "jP  \r\n\x87\n"), starts(0, "\xff\x4f\xff\x51"): // a file, a bare codestream
		return "JPEG 2000"
	case starts(4, "JXL \r\n\x87\n"), starts(0, "\xff\x0a"):
		return "JPEG XL"
	case starts(4, "ftyp"):
		return heifKind(data)
	}
	return ""
}

// heifKind tells AVIF and HEIF from videos by the brands that the first box
// names.
func heifKind(data []byte) string {
	box := data[:min(len(data), int(min(binary.BigEndian.Uint32(data), 256)))]
	kind := ""
	for at := 8; at+4 <= len(box); at += 4 {
		if at == 12 { // the version between the brand and those it is compatible with
			continue
		}
		switch string(box[at : at+4]) {
		case "avif", "avis":
			return "AVIF"
		case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "mif2", "msf1":
			kind = "HEIF"
		}
	}
	return kind
}

// otherKind names what strangers like to call .png, or returns "".
func otherKind(data []byte) string {
	kinds := []struct {
		offset      int
		magic, name string
	}{
		{4, "ftyp", "video"},
		{0, "%PDF", "PDF"}, {0, "PK\x03\x04", "zip"}, {0, "\x1f\x8b", "gzip"}, {0, "8BPS", "Photoshop"},
		{0, "\x00\x00\x01\x00", "icon"}, {0, "\x89PNG", "PNG changed by a text transfer"},
	}
	for _, k := range kinds {
		if len(data) >= k.offset && bytes.HasPrefix(data[k.offset:], []byte(k.magic)) {
			return k.name
		}
	}
	head := data[:min(len(data), 512)]
	switch lower := bytes.ToLower(bytes.TrimSpace(head)); {
	case bytes.Contains(lower, []byte("<svg")):
		return "SVG"
	case bytes.HasPrefix(lower, []byte("<!doctype html")), bytes.HasPrefix(lower, []byte("<html")):
		return "HTML page"
	case isText(head):
		return "text"
	}
	return ""
}

// isText reports whether head reads as UTF-8 without control characters; a
// character cut at its end does not count against it.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && n <= 1:
			return len(head) < utf8.UTFMax && !utf8.FullRune(head)
		case r < ' ' && r != '\n' && r != '\r' && r != '\t', r == 0x7f:
			return false
		}
		head = head[n:]
	}
	return true
}
