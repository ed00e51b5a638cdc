// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
)

// checkSample returns what is wrong with a sample of the given split.
func checkSample(s Sample, split string, info Info) (problems []string) {
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if err := checkKey(s.Key); err != nil {
		add("%v", err)
	}
	const gray, rgb = 0, 2
	if err := checkPNG(s.Gray, gray, info.Size); err != nil {
		add("%s: %v", graySuffix, err)
	}
	if err := checkPNG(s.Color, rgb, info.Size); err != nil {
		add("%s: %v", colorSuffix, err)
	}
	m := s.Meta
	if m.Size != info.Size {
		add("%s: size must be the data set's %d, got %d", metaSuffix, info.Size, m.Size)
	}
	if m.Width < 1 || m.Height < 1 {
		add("%s: width and height must be positive, got %d and %d", metaSuffix, m.Width, m.Height)
	}
	if m.Formula != info.Formula {
		add("%s: formula must be the data set's %q, got %q", metaSuffix, info.Formula, m.Formula)
	}
	if !ValidAlpha(m.Alpha) {
		add("%s: alpha must be %q, %q or #rrggbb, got %q", metaSuffix, AlphaNone, AlphaWhite, m.Alpha)
	}
	sum, err := hex.DecodeString(m.SHA256)
	if err != nil || len(sum) != 32 {
		add("%s: sha256 must be 64 hexadecimal digits, got %q", metaSuffix, m.SHA256)
		return problems
	}
	if m.SHA256 != s.Key {
		add("%s: sha256 must be the key, got %q", metaSuffix, m.SHA256)
	}
	if want := Split([32]byte(sum), info.Seed, info.ValPercent, info.TestPercent); want != split {
		add("it belongs to split %s", want)
	}
	return problems
}

// checkPNG looks at a PNG's header and at its chunks' checksums, not at its
// pixels: colorType is 0 for gray and 2 for RGB.
func checkPNG(data []byte, colorType uint8, size int) error {
	b, ok := bytes.CutPrefix(data, []byte("\x89PNG\r\n\x1a\n"))
	if !ok || len(b) < 25 || string(b[4:8]) != "IHDR" {
		return fmt.Errorf("it is no PNG")
	}
	w, h := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	if int64(w) != int64(size) || int64(h) != int64(size) {
		return fmt.Errorf("it must have %dx%d pixels, got %dx%d", size, size, w, h)
	}
	if b[16] != 8 || b[17] != colorType {
		return fmt.Errorf("it must have bit depth 8 and colour type %d, got %d and %d", colorType, b[16], b[17])
	}
	for len(b) >= 12 {
		n := uint64(binary.BigEndian.Uint32(b))
		if n+12 > uint64(len(b)) {
			break
		}
		kind := string(b[4:8])
		if crc32.ChecksumIEEE(b[4:8+n]) != binary.BigEndian.Uint32(b[8+n:]) {
			return fmt.Errorf("bad checksum of chunk %s", kind)
		}
		if b = b[12+n:]; kind == "IEND" {
			if len(b) > 0 {
				return fmt.Errorf("%d bytes follow its end", len(b))
			}
			return nil
		}
	}
	return fmt.Errorf("it is truncated")
}
