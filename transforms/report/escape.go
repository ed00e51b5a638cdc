// SPDX-License-Identifier: Apache-2.0

package report

import "strings"

// inline escapes what would mark text up, so that it stands there as it is. An
// underscore inside a word marks nothing up and stays.
func inline(text string) string {
	var b strings.Builder
	runes := []rune(text)
	inWord := func(i int) bool {
		at := func(i int) bool {
			return i >= 0 && i < len(runes) &&
				(runes[i] >= '0' && runes[i] <= '9' || runes[i] >= 'a' && runes[i] <= 'z' || runes[i] >= 'A' && runes[i] <= 'Z')
		}
		return at(i-1) && at(i+1)
	}
	for i, r := range runes {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteByte(' ')
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '_' && inWord(i):
			b.WriteRune(r)
		// The colon of an address, the dot after www and an at sign, which hosts make
		// links of.
		case strings.ContainsRune("\\`*_[]|~$#!@", r), r == ':' && i+2 < len(runes) && runes[i+1] == '/' && runes[i+2] == '/',
			r == '.' && i >= 3 && strings.EqualFold(string(runes[i-3:i]), "www"):
			b.WriteString("\\" + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// opening escapes what would make a list, a rule or a heading of the text that it
// begins.
func opening(text string) string {
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	switch {
	case text == "":
		return text
	case strings.ContainsRune("-+=", rune(text[0])):
		return "\\" + text
	case digits > 0 && digits < len(text) && strings.ContainsRune(".)", rune(text[digits])) &&
		(digits+1 == len(text) || text[digits+1] == ' '):
		return text[:digits] + "\\" + text[digits:]
	}
	return text
}
