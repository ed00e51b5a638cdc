// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"

	"golang.org/x/image/font"
	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/report"
)

const (
	// sheetGap is the space between the rows of a sheet, and around it, in pixels.
	sheetGap = 4
	// sheetLabel is the most characters of a row's name on a sheet.
	sheetLabel = 26
	// letterWidth and letterHeight are those of the sheet's bitmap font.
	letterWidth, letterHeight = 8, 16
	// mostSheetPNG is the size in bytes from which on a sheet is a JPEG.
	mostSheetPNG = 900 << 10
)

// sheetRow is one row of a sheet.
type sheetRow struct {
	label string
	strip strip
}

// sheet joins rows that show the same pictures into one picture file with their names,
// for pages that can show a picture but cannot lay rows out, and returns its path.
func (s *strips) sheet(name string, rows []sheetRow) (string, error) {
	letters, width, height := 0, 0, sheetGap
	for _, r := range rows {
		letters = max(letters, len([]rune(report.Clip(r.label, sheetLabel))))
		width, height = max(width, r.strip.width), height+r.strip.height+sheetGap
	}
	left := 2*sheetGap + letters*letterWidth + 2*sheetGap
	m := image.NewRGBA(image.Rect(0, 0, left+width+sheetGap, height))
	draw.Draw(m, m.Bounds(), image.White, image.Point{}, draw.Src)
	y := sheetGap
	for _, r := range rows {
		d := font.Drawer{
			Dst: m, Src: image.NewUniform(color.RGBA{0x1b, 0x20, 0x27, 0xff}), Face: inconsolata.Regular8x16,
			Dot: fixed.P(2*sheetGap, y+(r.strip.height+letterHeight)/2-4),
		}
		d.DrawString(report.Clip(r.label, sheetLabel))
		at := image.Rect(left, y, left+r.strip.width, y+r.strip.height)
		draw.Draw(m, at, r.strip.picture, image.Point{}, draw.Src)
		y += r.strip.height + sheetGap
	}
	return s.encode(name, m, mostSheetPNG)
}

// encode puts a picture among the files: as PNG, or as JPEG where the PNG would have
// more than so many bytes.
func (s *strips) encode(name string, m image.Image, most int) (string, error) {
	var b bytes.Buffer
	if err := pixel.EncodePNG(&b, m); err != nil {
		return "", fmt.Errorf("encoding samples: %w", err)
	}
	if b.Len() <= most {
		return s.put(name, ".png", b.Bytes()), nil
	}
	b.Reset()
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return "", fmt.Errorf("encoding samples: %w", err)
	}
	return s.put(name, ".jpg", b.Bytes()), nil
}
