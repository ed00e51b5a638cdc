// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel/metadata"
)

// DecodePNG decodes a PNG, such as a member of a shard, without looking at its
// orientation. An 8-bit gray PNG gives an [*image.Gray], an 8-bit RGB one an
// [*RGB]; others give what image/png gives. Limits, errors and panics are as
// with [Decode].
func DecodePNG(data []byte, lim Limits) (image.Image, error) {
	if !bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")) {
		return nil, fault.Picture(fault.StageDecode, "not a PNG")
	}
	c := pngCodec()
	c.orientation = upright
	p, err := c.open(data, lim)
	if err != nil {
		return nil, err
	}
	return p.Image, nil
}

// decodePNG decodes by the fast path where that applies, and by image/png
// otherwise; so all errors are image/png's.
func decodePNG(data []byte) (image.Image, error) {
	if m := fastPNG(data); m != nil {
		return m, nil
	}
	m, err := png.Decode(bytes.NewReader(data))
	if rgb, ok := m.(*image.RGBA); ok { // it holds RGB: alpha gives an NRGBA
		return toRGB(rgb), nil
	}
	return m, err
}

// pngAtLeast: deflate packs at most 1032 bytes into one, so the compressed
// length bounds the pixels. The IDAT chunks alone count.
func pngAtLeast(data []byte, cfg image.Config) int64 {
	if len(data) < 29 {
		return 0 // the decoder says it better
	}
	channels := [8]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[data[25]&7]
	rowBits := int64(cfg.Width) * channels * int64(data[24])
	raw := int64(cfg.Height) * (rowBits/8 + 1)
	var packed int64
	for kind, body := range metadata.PNGChunks(data) {
		if kind == "IDAT" {
			packed += int64(len(body))
		}
	}
	// A cut last chunk is not visited: count all that could belong to it.
	if tail := pngTail(data); tail > 0 {
		packed += tail
	}
	const ratio, slack = 1032, 64
	if missing := raw/ratio - slack - packed; missing > 0 {
		return int64(len(data)) + missing
	}
	return 0
}

// pngTail returns how many bytes follow the last whole chunk.
func pngTail(data []byte) int64 {
	b := data[min(8, len(data)):]
	for len(b) >= 12 {
		n := uint64(binary.BigEndian.Uint32(b))
		if n+12 > uint64(len(b)) {
			break
		}
		b = b[12+n:]
	}
	return int64(len(b))
}
