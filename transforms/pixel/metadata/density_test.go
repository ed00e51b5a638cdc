// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"encoding/binary"
	"testing"
)

// TestDensity puts densities into files and reads them again.
func TestDensity(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, jpeg, png Density }{
		{Density{}, Density{}, Density{}},
		{Density{300, 300, PerInch}, Density{300, 300, PerInch}, Density{11811, 11811, PerMetre}},
		{Density{11811, 5906, PerMetre}, Density{300, 150, PerInch}, Density{11811, 5906, PerMetre}},
		{Density{118, 236, PerCentimetre}, Density{118, 236, PerCentimetre}, Density{11800, 23600, PerMetre}},
		{Density{2, 1, NoUnit}, Density{2, 1, NoUnit}, Density{2, 1, NoUnit}},
		{Density{7, 7, NoUnit}, Density{}, Density{}},
		{Density{300, 0, PerInch}, Density{}, Density{}},
		{Density{3, 3, PerMetre}, Density{}, Density{3, 3, PerMetre}},                          // less than one for an inch
		{Density{70_000, 70_000, PerInch}, Density{}, Density{2_755_906, 2_755_906, PerMetre}}, // more than 16 bits
		{Density{1 << 31, 1 << 31, PerCentimetre}, Density{}, Density{1<<32 - 1, 1<<32 - 1, PerMetre}},
	} {
		file, err := InsertJPEG(smallJPEG(t), Metadata{Density: tt.in})
		if err != nil {
			t.Fatal(err)
		}
		if got := Read(file).Density; got != tt.jpeg {
			t.Errorf("%v in a JPEG: got %v, want %v", tt.in, got, tt.jpeg)
		}
		if file, err = InsertPNG(smallPNG(t), Metadata{Density: Density{1, 2, PerMetre}}); err != nil {
			t.Fatal(err)
		}
		if file, err = InsertPNG(file, Metadata{Density: tt.in}); err != nil {
			t.Fatal(err)
		}
		want := tt.png
		if want == (Density{}) {
			want = Density{1, 2, PerMetre} // what is there stays
		}
		if got := Read(file).Density; got != want {
			t.Errorf("%v in a PNG: got %v, want %v", tt.in, got, want)
		}
	}
}

func TestReadDensity(t *testing.T) {
	t.Parallel()
	tiff := func(unit uint32, x, y [2]uint32) []byte {
		b := newBuilder(binary.BigEndian, "MM", 8).dir(0, [2]uint32{tagXResolution, 50}, [2]uint32{tagYResolution, 58}, [2]uint32{tagResolutionUnit, unit}).b
		for i := range 2 { // of LONGs there are RATIONALs now
			b[10+12*i+3] = 5
		}
		for _, v := range [...]uint32{x[0], x[1], y[0], y[1]} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		return b
	}
	jfif := func(body string) []byte {
		return append([]byte{0xff, markerSOI}, segment(markerAPP0, []byte(body))...)
	}
	for _, tt := range []struct {
		name string
		data []byte
		want Density
	}{
		{"JFIF", jfif("JFIF\x00\x01\x02\x01\x01\x2c\x00\x96\x00\x00"), Density{300, 150, PerInch}},
		{"JFIF's unknown unit", jfif("JFIF\x00\x01\x02\x03\x01\x2c\x01\x2c\x00\x00"), Density{}},
		{"JFIF cut short", jfif("JFIF\x00\x01\x02\x01\x01\x2c\x01"), Density{}},
		{"another segment", jfif("JFXX\x00\x01\x02\x01\x01\x2c\x01\x2c\x00\x00"), Density{}},
		{"PNG's unknown unit", append([]byte(pngMagic), chunk("pHYs", []byte("\x00\x00\x00\x09\x00\x00\x00\x09\x02"))...), Density{}},
		{"PNG cut short", append([]byte(pngMagic), chunk("pHYs", []byte("\x00\x00\x00\x09\x00\x00\x00\x09"))...), Density{}},
		{"TIFF", tiff(2, [2]uint32{600, 1}, [2]uint32{1200, 4}), Density{600, 300, PerInch}},
		{"TIFF with fractions", tiff(2, [2]uint32{2999, 10}, [2]uint32{300, 1}), Density{11807, 11811, PerMetre}},
		{"TIFF in centimetres", tiff(3, [2]uint32{118, 1}, [2]uint32{118, 1}), Density{118, 118, PerCentimetre}},
		{"TIFF without a unit", tiff(1, [2]uint32{2, 1}, [2]uint32{1, 1}), Density{}},
		{"TIFF divided by zero", tiff(2, [2]uint32{300, 0}, [2]uint32{300, 1}), Density{}},
		{"TIFF beyond all measure", tiff(2, [2]uint32{1<<32 - 1, 2}, [2]uint32{1, 1}), Density{}},
	} {
		if got := Read(tt.data).Density; got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A picture that is turned has its density turned as well, once.
func TestUprightDensity(t *testing.T) {
	t.Parallel()
	for o := uint16(1); o <= 8; o++ {
		m := Metadata{EXIF: block(binary.BigEndian, "MM", o), Density: Density{300, 150, PerInch}}
		want := m.Density
		if o >= 5 {
			want = Density{150, 300, PerInch}
		}
		up := m.Upright(40, 64)
		if up.Density != want || up.Upright(40, 64).Density != want {
			t.Errorf("orientation %d: got %v, want %v", o, up.Density, want)
		}
	}
}
