// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"slices"
	"testing"
)

// TestRestart checks that neither restart intervals nor separate or progressive
// scans make a difference, though image/jpeg counts other intervals there.
func TestRestart(t *testing.T) {
	for _, sampling := range [][]byte{
		{0x22, 0x11, 0x11}, {0x21, 0x11, 0x11}, {0x12, 0x11, 0x11}, {0x42, 0x11, 0x11}, {0x41, 0x21, 0x21}, {0x22, 0x21, 0x21}, {0x11, 0x11, 0x11},
	} {
		for _, size := range [][2]int{{33, 9}, {67, 41}, {8, 8}, {9, 70}, {96, 96}} {
			n := noise{w: size[0], h: size[1], sampling: sampling, separate: true}
			want, err := Decode(n.encode(), 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, n.progressive = range []bool{false, true} {
				for _, n.restart = range []int{0, 1, 2, 3, 7, 1000} {
					got, err := Decode(n.encode(), 1)
					if err != nil {
						t.Fatalf("%+v: %v", n, err)
					}
					same(t, got, want)
					l, err := ReadLuma(n.encode())
					if err != nil {
						t.Fatalf("%+v: %v", n, err)
					}
					samePlane(t, "ReadLuma", l.Reduced(1), plane(want))
				}
			}
		}
	}
}

// TestProgressiveRestart compares with the pixels that libjpeg gives.
func TestProgressiveRestart(t *testing.T) {
	data, err := os.ReadFile("testdata/progressive-420-restart.jpg")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("testdata/progressive-420-restart.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	golden, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Decode(data, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, want := plane(m), golden.(*image.Gray)
	if got.Rect != want.Rect {
		t.Fatalf("got %v, want %v", got.Rect, want.Rect)
	}
	for y := range want.Rect.Dy() {
		for x := range want.Rect.Dx() {
			// The two round the inverse transform differently.
			if g, w := int(got.GrayAt(x, y).Y), int(want.GrayAt(x, y).Y); g < w-1 || g > w+1 {
				t.Fatalf("luma at (%d, %d): got %d, want %d", x, y, g, w)
			}
		}
	}
}

// TestManyScans checks that a small file cannot ask for work without end.
func TestManyScans(t *testing.T) {
	data := noise{w: 9, h: 9, sampling: []byte{0x11}}.encode()
	at := bytes.Index(data, []byte{0xff, markerSOS})
	for scans, want := range map[int]string{maxScans: "<nil>", maxScans + 1: "unsupported JPEG feature: more than 500 scans"} {
		many := slices.Concat(data[:at], bytes.Repeat(data[at:len(data)-2], scans), data[len(data)-2:])
		if _, err := Decode(many, 1); fmt.Sprint(err) != want {
			t.Errorf("%d scans: got %v, want %s", scans, err, want)
		}
	}
}

// countedOtherwise reports whether image/jpeg may count a scan's blocks in its
// own way: scans of one subsampled component with restart intervals, or of chroma
// whose rows of blocks end before those of luma's MCUs do.
func countedOtherwise(data []byte) bool {
	d := decoder{data: data, scale: 8}
	if !d.header() || d.nComp == 1 || !bytes.Contains(data, []byte{0xff, markerSOS, 0, 8, 1}) {
		return false
	}
	luma, chroma := &d.comp[0], &d.comp[1]
	if chroma.h*chroma.v > 1 && (luma.h > chroma.h || luma.v > chroma.v) {
		return true
	}
	return luma.h*luma.v > 1 && bytes.Contains(data, []byte{0xff, markerDRI})
}
