// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"unicode"
)

// maxText is how many characters of a name or reason a page shows: names of
// files may have four thousand, and reasons quote what they please.
const maxText = 200

// Clip shortens text to at most n characters by leaving out its middle, since
// the ends of a path say most. n must be at least 1.
func Clip(s string, n int) string {
	if len(s) <= n { // as many bytes are no more characters
		return s
	}
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	head := (n - 1) / 2
	return string(runes[:head]) + "…" + string(runes[len(runes)-(n-1-head):])
}

// Legible is text from outside as a page shows it: cut to some 200 characters, and
// with a mark for each character that is not seen but turns or breaks the others.
func Legible(s string) string { return legible(s) }

// legible is a name as a page shows it: cut, and with a mark for each character
// that is not seen but turns the direction of others, which would have a name
// look like another.
func legible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, Clip(s, maxText))
}
