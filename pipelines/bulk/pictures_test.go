// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/model/modeltest"
)

// gray draws a gray picture of soft shapes, different for each seed.
func gray(w, h int, seed uint64) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(seed, 1))
	a, b := 1+r.IntN(5), 1+r.IntN(5)
	for y := range h {
		for x := range w {
			m.Pix[y*m.Stride+x] = uint8(a*x*255/(5*w) + b*y*255/(7*h) + r.IntN(20)) // wraps, as noise may
		}
	}
	return m
}

func pngBytes(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegBytes(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gifBytes(t testing.TB, m image.Image) []byte {
	t.Helper()
	p := image.NewPaletted(m.Bounds(), color.Palette{color.Black, color.Gray{85}, color.Gray{170}, color.White})
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			p.Set(x, y, m.At(x, y))
		}
	}
	var b bytes.Buffer
	if err := gif.Encode(&b, p, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mixed is a set of pictures that all can be coloured.
func mixed(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{
		"a.png":          pngBytes(t, gray(20, 20, 1)),
		"a.gif":          gifBytes(t, gray(21, 19, 2)),
		"b/c.jpg":        jpegBytes(t, gray(40, 33, 3)),
		"b/d.JPEG":       jpegBytes(t, gray(17, 50, 4)),
		"b/deep/e.png":   pngBytes(t, gray(3, 2, 5)),
		"one.png":        pngBytes(t, gray(1, 1, 6)),
		"grün und ü.png": pngBytes(t, gray(16, 16, 7)),
		"color.png":      pngBytes(t, image.NewRGBA(image.Rect(0, 0, 9, 9))),
	}
	for i := range 20 {
		files["many/"+string(rune('a'+i))+".png"] = pngBytes(t, gray(16+i%3, 16, uint64(100+i)))
	}
	return files
}

// some are a few of the pictures of [mixed], of all kinds, for tests that colour
// them often.
func some(t testing.TB) map[string][]byte {
	t.Helper()
	files := mixed(t)
	for name := range files {
		if strings.HasPrefix(name, "many/") && name > "many/d" {
			delete(files, name)
		}
	}
	return files
}

func writeFolder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// member is one entry of an archive; names may repeat.
type member struct {
	name string
	data []byte
}

func writeZip(t testing.TB, members []member) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "in.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, m := range members {
		w, err := z.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

func asMembers(files map[string][]byte) []member {
	var out []member
	for name, data := range files {
		out = append(out, member{name, data})
	}
	return out
}

// tiny returns options for a real, tiny network on the go backend.
func tiny(t testing.TB, input, output string) Options {
	t.Helper()
	return goOptions(modeltest.Tiny(t), input, output)
}

func goOptions(model, input, output string) Options {
	o := DefaultOptions()
	o.Model, o.Input, o.Output = model, input, output
	o.Backend, o.Batch, o.Workers = "go", 4, 2
	return o
}

// sums maps each coloured picture below dir to its SHA-256; records and reports
// are left out.
func sums(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if e.IsDir() {
			if rel == stateName {
				return fs.SkipDir
			}
			return err
		}
		switch rel {
		case "report.html", "report.json", "rejects.jsonl":
			return err
		}
		data, err := os.ReadFile(path)
		out[filepath.ToSlash(rel)] = sum(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// zipSums is [sums] for an archive.
func zipSums(t testing.TB, name string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string]string{}
	for _, m := range z.File {
		r, err := m.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := out[m.Name]; twice {
			t.Errorf("archive holds %q twice", m.Name)
		}
		out[m.Name] = sum(data)
	}
	return out
}

func fileSum(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return sum(data)
}

func readText(t testing.TB, elements ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}
