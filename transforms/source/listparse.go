// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// parseText returns what a line of a text list names, or nothing.
func parseText(line []byte) (uri, member string, err error) {
	if bytes.HasPrefix(line, []byte("# ")) {
		return "", "", nil
	}
	return string(line), "", nil
}

func parseJSON(line []byte) (uri, member string, err error) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return "", "", nil
	}
	if !utf8.Valid(line) {
		return "", "", errors.New("JSON must be UTF-8; name the file in a .txt list")
	}
	fields := map[string]json.RawMessage{"uri": line} // a struct's would match "URI", too
	if line[0] == '{' {
		fields = nil
		err = json.Unmarshal(line, &fields)
	}
	for name, text := range map[string]*string{"uri": &uri, "member": &member} {
		if raw := fields[name]; raw != nil && err == nil {
			err = json.Unmarshal(raw, text)
		}
	}
	switch {
	case err != nil:
		return "", "", fmt.Errorf("it must be a string or an object with the field uri: %w", err)
	case loneSurrogate(fields["uri"]), loneSurrogate(fields["member"]):
		return "", "", errors.New("half a surrogate pair is no character; name a file that is not UTF-8 in a .txt list")
	case uri == "":
		return "", "", errors.New("uri must be given")
	}
	return uri, member, nil
}

// loneSurrogate reports whether a JSON string, which is well-formed, escapes
// half of a surrogate pair. Decoding would make another character of it.
func loneSurrogate(text []byte) bool {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		first := escaped(text[i:])
		i++
		if !utf16.IsSurrogate(first) {
			continue
		}
		if i+5 > len(text) || utf16.DecodeRune(first, escaped(text[i+5:])) == utf8.RuneError {
			return true
		}
		i += 10
	}
	return false
}

// escaped returns what text begins with as a \u escape of four digits, or -1.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	code, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(code)
}
