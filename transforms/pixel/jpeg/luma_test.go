// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"bytes"
	"fmt"
	"image"
	std "image/jpeg"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
)

// covered reports whether the luma of a test file can be kept.
func covered(name string) bool {
	return name != "rgb.jpg" && name != "cmyk.jpg" // red, green and blue; four components
}

// plane returns the luma of a decoded picture.
func plane(m image.Image) *image.Gray {
	switch m := m.(type) {
	case *image.Gray:
		return m
	case *image.YCbCr:
		return &image.Gray{Pix: m.Y, Stride: m.YStride, Rect: m.Rect}
	}
	panic("no luma")
}

func samePlane(tb testing.TB, what string, got, want *image.Gray) {
	tb.Helper()
	if got.Rect != want.Rect {
		tb.Fatalf("%s: got %v, want %v", what, got.Rect, want.Rect)
	}
	for y := range want.Rect.Dy() {
		n := want.Rect.Dx()
		if g, w := got.Pix[y*got.Stride:][:n], want.Pix[y*want.Stride:][:n]; !bytes.Equal(g, w) {
			tb.Fatalf("%s: row %d is %v, want %v", what, y, g, w)
		}
	}
}

// waves returns chroma with some shape.
func waves(w, h int) Chroma {
	c := Chroma{Cb: make([]float32, w*h), Cr: make([]float32, w*h), Width: w, Height: h}
	for i := range c.Cb {
		x, y := (float64(i%w)+0.5)/float64(w), (float64(i/w)+0.5)/float64(h)
		c.Cb[i] = float32(60 * math.Sin(4*x+2*y))
		c.Cr[i] = float32(50*math.Cos(5*x*y) - 20)
	}
	return c
}

// colored returns the file that WriteColor makes.
func colored(tb testing.TB, l *Luma, c Chroma, o WriteOptions) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := l.WriteColor(&b, c, o); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// checkColored reads a coloured file again: its luma is want, in both decoders,
// and the coefficients are those of l.
func checkColored(tb testing.TB, l *Luma, want *image.Gray, out []byte) {
	tb.Helper()
	got, err := Decode(out, 1)
	if err != nil {
		tb.Fatal(err)
	}
	samePlane(tb, "Decode", plane(got), want)
	if got, err = std.Decode(bytes.NewReader(out)); err != nil {
		tb.Fatal(err)
	}
	samePlane(tb, "image/jpeg", plane(got), want)
	if m, ok := got.(*image.YCbCr); !ok || m.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		tb.Fatalf("got %T, want 4:2:0", got)
	}
	again, err := ReadLuma(out)
	if err != nil {
		tb.Fatal(err)
	}
	if !again.Equal(l) || !l.Equal(again) {
		tb.Fatal("coefficients are not those of the source")
	}
}

func TestReadLuma(t *testing.T) {
	for name, data := range testFiles(t) {
		t.Run(name, func(t *testing.T) {
			l, err := ReadLuma(data)
			if !covered(name) {
				if err == nil {
					t.Fatal("it is covered")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var want image.Image
			for _, reduction := range []int{8, 4, 2, 1} {
				if want, err = Decode(data, reduction); err != nil {
					t.Fatal(err)
				}
				samePlane(t, fmt.Sprintf("1/%d", reduction), l.Reduced(reduction), plane(want))
			}
			w, h := l.Size()
			checkColored(t, l, plane(want), colored(t, l, waves(max(1, w/3), max(1, h/3)), WriteOptions{Quality: 90}))
		})
	}
}

func TestEqual(t *testing.T) {
	read := func(n noise) *Luma {
		l, err := ReadLuma(n.encode())
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	a := read(noise{w: 33, h: 9, sampling: []byte{0x11}})
	if !a.Equal(read(noise{w: 33, h: 9, sampling: []byte{0x11}})) {
		t.Error("the same file read twice differs")
	}
	for name, change := range map[string]func(l *Luma){
		"size":         func(l *Luma) { l.width-- },
		"quantization": func(l *Luma) { l.quant[5]++ },
		"a mean":       func(l *Luma) { l.dc[3]++ },
		"a bit":        func(l *Luma) { l.bits[2] ^= 4 },
	} {
		b := read(noise{w: 33, h: 9, sampling: []byte{0x11}})
		change(b)
		if a.Equal(b) {
			t.Errorf("%s makes no difference", name)
		}
	}
}

// allocated returns how many bytes f allocates, which is more than it holds at
// any time.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

func TestLumaBytes(t *testing.T) {
	files := testFiles(t)
	files["photo"] = photo(t, 1632, 1224)
	files["progressive photo"] = noise{w: 1632, h: 1224, sampling: []byte{0x22, 0x11, 0x11}, progressive: true}.encode()
	files["photo and video"] = append(bytes.Clone(files["photo"]), make([]byte, 1<<22)...)
	for name, data := range files {
		got := LumaBytes(data)
		if (got == 0) != (name == "cmyk.jpg") {
			t.Errorf("%s: got %d", name, got)
		}
		var l *Luma
		read := allocated(func() { l, _ = ReadLuma(data) })
		if l == nil {
			continue
		}
		c := waves(256, 192)
		written := allocated(func() {
			if err := l.WriteColor(io.Discard, c, WriteOptions{Quality: 90}); err != nil {
				t.Fatal(err)
			}
		})
		held := int64(cap(l.bits) + 4*cap(l.at) + 2*cap(l.size) + 2*cap(l.dc))
		if read > got || held+written > l.Bytes() || l.Bytes() > got {
			t.Errorf("%s: reading takes %d of %d bytes, holding and writing %d of %d", name, read, got, held+written, l.Bytes())
		}
		if strings.Contains(name, "photo") && (got > 3*read || l.Bytes() > 3*held+fixedBytes) {
			t.Errorf("%s: got %d for %d bytes and then %d for %d", name, got, read, l.Bytes(), held)
		}
		for cut := range min(len(data), 40) {
			LumaBytes(data[:cut])
		}
	}
	if got := LumaBytes([]byte("no picture")); got != 0 {
		t.Errorf("got %d, want 0", got)
	}
}
