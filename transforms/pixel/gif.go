// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
	"image/gif"
	"io"
)

// gifConfig reads the logical screen's size from the fixed header. The standard
// library's DecodeConfig reads on and so trips over damage further in.
func gifConfig(r io.Reader) (image.Config, error) {
	var head [10]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return image.Config{}, err
	}
	return image.Config{
		Width:  int(binary.LittleEndian.Uint16(head[6:])),
		Height: int(binary.LittleEndian.Uint16(head[8:])),
	}, nil
}

// decodeGIF decodes the first frame and puts it on the logical screen. What
// the frame leaves free is transparent, as browsers show it, whatever
// background colour the file names.
func decodeGIF(data []byte) (image.Image, error) {
	frame, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	cfg, err := gifConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	screen := image.Rect(0, 0, cfg.Width, cfg.Height)
	if frame.Bounds() == screen {
		return frame, nil
	}
	out := image.NewNRGBA(screen)
	draw.Draw(out, frame.Bounds(), frame, frame.Bounds().Min, draw.Src)
	return out, nil
}
