// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"errors"
	"image"

	"golang.org/x/image/webp"

	"github.com/chromabeam/chromabeam/transforms/pixel/metadata"
)

// decodeWebP decodes a still WebP. Its lossy form stores video-range YCbCr,
// which x/image hands over in [image.YCbCr], a type that stands for JPEG's full
// range: taken at its word, black comes out as dark gray. So the conversion is
// done here.
func decodeWebP(data []byte) (image.Image, error) {
	if animatedWebP(data) {
		return nil, errors.New("unsupported animation")
	}
	img, err := webp.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	switch m := img.(type) {
	case *image.YCbCr:
		return ycbcrToRGB(m, videoRange()), nil
	case *image.NYCbCrA:
		return withAlpha(ycbcrToRGB(&m.YCbCr, videoRange()), m.A, m.AStride), nil
	}
	return img, nil
}

// animatedWebP looks at the flag in the extended header.
func animatedWebP(data []byte) bool {
	const animation = 1 << 1
	for kind, body := range metadata.RIFFChunks(data) {
		// The extended header comes first or not at all.
		return kind == "VP8X" && len(body) > 0 && body[0]&animation != 0
	}
	return false
}

// withAlpha joins colour and an alpha plane.
func withAlpha(r *RGB, alpha []uint8, stride int) *image.NRGBA {
	out := image.NewNRGBA(r.Bounds())
	for y := range r.Height {
		src, dst, a := r.row(y), out.Pix[y*out.Stride:], alpha[y*stride:]
		for x := range r.Width {
			dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = src[3*x], src[3*x+1], src[3*x+2], a[x]
		}
	}
	return out
}
