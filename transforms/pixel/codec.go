// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"

	"github.com/chromabeam/chromabeam/transforms/pixel/jpeg"
	"github.com/chromabeam/chromabeam/transforms/pixel/metadata"
)

// codec is what [Decode] knows of one format.
type codec struct {
	format, label string
	config        func(data []byte) (image.Config, error)
	decode        func(data []byte) (image.Image, error)
	// atLeast returns a lower bound of the file's length for the size that its
	// header claims; nil where nothing can be said.
	atLeast func(data []byte, cfg image.Config) int64
	// orientation returns the EXIF orientation, 1 to 8.
	orientation func(data []byte) int
	// reduced decodes at 1/reduction of the size, for reductions of 2, 4 and 8;
	// nil where the format cannot do that.
	reduced func(data []byte, reduction int) (image.Image, error)
}

func upright([]byte) int { return 1 }

// plain adapts a function that reads a stream.
func plain[T any](read func(io.Reader) (T, error)) func([]byte) (T, error) {
	return func(data []byte) (T, error) { return read(bytes.NewReader(data)) }
}

func pngCodec() codec {
	return codec{"png", "PNG", plain(png.DecodeConfig), decodePNG, pngAtLeast, metadata.Orientation, nil}
}

func jpegCodec() codec {
	// The first scan of a JPEG spends at least one bit on each block of 8x8.
	atLeast := func(_ []byte, cfg image.Config) int64 { return int64(cfg.Width) * int64(cfg.Height) / (64 * 8) }
	return codec{"jpeg", "JPEG", plain(stdjpeg.DecodeConfig), decodeJPEG, atLeast, metadata.Orientation, jpeg.Decode}
}

// decodeJPEG gives what image/jpeg does, in half the time. Files in cyan,
// magenta, yellow and black, which are rare, are left to that package.
func decodeJPEG(data []byte) (image.Image, error) {
	cfg, err := stdjpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || cfg.ColorModel == color.CMYKModel {
		return stdjpeg.Decode(bytes.NewReader(data))
	}
	return jpeg.Decode(data, 1)
}

func bmpCodec() codec {
	// There is no compression: one bit a pixel is the least.
	atLeast := func(_ []byte, cfg image.Config) int64 { return int64(cfg.Width) * int64(cfg.Height) / 8 }
	return codec{"bmp", "BMP", plain(bmp.DecodeConfig), plain(bmp.Decode), atLeast, upright, nil}
}

func gifCodec() codec { return codec{"gif", "GIF", plain(gifConfig), decodeGIF, nil, upright, nil} }

func tiffCodec() codec {
	return codec{"tiff", "TIFF", tiffConfig, decodeTIFF, tiffAtLeast, orientationOfTIFF, nil}
}

func webpCodec() codec {
	return codec{"webp", "WebP", plain(webp.DecodeConfig), decodeWebP, nil, metadata.Orientation, nil}
}

// reason shortens a decoder's message: "png: invalid format: bad header"
// becomes "damaged PNG: bad header".
func (c codec) reason(text string) string {
	for _, prefix := range []string{"png: ", "jpeg: ", "gif: ", "bmp: ", "tiff: ", "webp: ", "vp8: ", "vp8l: ", "riff: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	text = strings.TrimPrefix(text, "invalid format: ")
	for _, prefix := range []string{"invalid JPEG format: ", "invalid format: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	for _, prefix := range []string{"unsupported feature: ", "unsupported JPEG feature: ", "unsupported "} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			return "unsupported " + c.label + ": " + rest
		}
	}
	return "damaged " + c.label + ": " + text
}
