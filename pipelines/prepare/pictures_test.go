// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// picture makes an opaque picture that differs for each seed.
func picture(seed, width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetNRGBA(x, y, color.NRGBA{R: uint8(x*8 + seed), G: uint8(y*8 + seed>>8), B: uint8(seed * 37), A: 255})
		}
	}
	return m
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, m); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, m, nil); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// rotatedJPEG adds an EXIF orientation of a quarter turn to a JPEG.
func rotatedJPEG(t testing.TB, m image.Image) []byte {
	data := jpegOf(t, m)
	tiff := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00")
	exif := append([]byte("Exif\x00\x00"), tiff...)
	head := []byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(exif) + 2)}
	return bytes.Join([][]byte{head, exif, data[2:]}, nil)
}

// bombPNG has a header that promises 40,000 x 40,000 pixels.
func bombPNG(t testing.TB) []byte {
	data := bytes.Clone(pngOf(t, picture(1, 8, 8)))
	binary.BigEndian.PutUint32(data[16:], 40_000)
	binary.BigEndian.PutUint32(data[20:], 40_000)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

func animatedGIF(t testing.TB) []byte {
	t.Helper()
	g := &gif.GIF{}
	for i := range 3 {
		frame := image.NewPaletted(image.Rect(0, 0, 20, 20), palette.WebSafe)
		for p := range frame.Pix {
			frame.Pix[p] = uint8(i*70 + p%5)
		}
		g.Image, g.Delay = append(g.Image, frame), append(g.Delay, 10)
	}
	var buf bytes.Buffer
	if err := gif.EncodeAll(&buf, g); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func deepPNG(t testing.TB) []byte {
	m := image.NewNRGBA64(image.Rect(0, 0, 20, 20))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 7)
	}
	return pngOf(t, m)
}

func palettedPNG(t testing.TB) []byte {
	m := image.NewPaletted(image.Rect(0, 0, 20, 20), palette.Plan9)
	for i := range m.Pix {
		m.Pix[i] = uint8(i)
	}
	return pngOf(t, m)
}

// cmykJPEG is 16x16 pixels of CMYK in Adobe's inverted form, made by Pillow 12:
// the left half is cyan, (0, 255, 255), the right half (191, 95, 0).
func cmykJPEG(t testing.TB) []byte {
	t.Helper()
	data, err := hex.DecodeString("ffd8ffee000e41646f626500640000000000ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c" +
		"0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffc000140800100010044311004d11005911004b1100ffc400160001010100" +
		"000000000000000000000000090a08ffc40014100100000000000000000000000000000000ffda000e0443004d0059004b00003f002a8a99532a6aa81529576544ab" +
		"956554355aaa054a55d951ffd9")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// writeFolder writes files under a new folder and returns it.
func writeFolder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// writeZip writes files into a zip and returns its path.
func writeZip(t testing.TB, files map[string][]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pictures.zip")
	if err := os.WriteFile(path, zipOf(t, files), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// zipOf returns a zip of files.
func zipOf(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, data := range files {
		m, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// someFiles makes n different pictures, one copy among them, and one file that
// is no picture.
func someFiles(t testing.TB, n int) map[string][]byte {
	files := map[string][]byte{}
	for i := range n {
		files[fmt.Sprintf("p/%03d.png", i)] = pngOf(t, picture(i, 20, 16))
	}
	files["p/copy.png"] = files["p/000.png"]
	files["p/text.png"] = []byte("this is not a picture")
	return files
}

// contents returns the hash of every file under a folder by name.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		found[name] = digest(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:4])
}
