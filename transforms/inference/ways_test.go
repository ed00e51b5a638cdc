// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	pjpeg "github.com/chromabeam/chromabeam/transforms/pixel/jpeg"
	"github.com/chromabeam/chromabeam/transforms/pixel/metadata"
)

// exifOf is an EXIF block with an orientation.
func exifOf(orientation uint16) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, orientation)
	return append(b, 0, 0, 0, 0, 0, 0)
}

// profileOf is a colour profile with one curve, a gamma.
func profileOf(space string, gamma float64) []byte {
	b := make([]byte, 128, 256)
	copy(b[12:], "mntr"+space+"XYZ ")
	copy(b[36:], "acsp")
	b = append(b, "\x00\x00\x00\x01kTRC\x00\x00\x00\x90\x00\x00\x00\x0ecurv\x00\x00\x00\x00\x00\x00\x00\x01"...)
	b = binary.BigEndian.AppendUint16(b, uint16(gamma*256))
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

// with puts metadata into a JPEG or PNG.
func with(t testing.TB, file []byte, m metadata.Metadata) []byte {
	t.Helper()
	insert := metadata.InsertJPEG
	if bytes.HasPrefix(file, []byte("\x89PNG")) {
		insert = metadata.InsertPNG
	}
	out, err := insert(file, m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// colored runs one picture through an engine of its own.
func colored(t testing.TB, data []byte, format Format, change func(*Settings)) *Result {
	t.Helper()
	s := settings()
	if change != nil {
		change(&s)
	}
	r := all(t.Context(), New(&fake{size: 32, batch: 2}, s), []*Task{{Format: format, Load: loads(data), Thumbnails: true}})[0]
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r
}

func decode(t testing.TB, data []byte) *pixel.Picture {
	t.Helper()
	pic, err := pixel.Decode(data, pixel.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return pic
}

// largest is the largest difference of two lumas.
func largest(t testing.TB, a, b *image.Gray) int {
	t.Helper()
	if a.Rect.Size() != b.Rect.Size() {
		t.Fatalf("%v and %v pixels", a.Rect.Size(), b.Rect.Size())
	}
	most := 0
	for y := range a.Rect.Dy() {
		for x := range a.Rect.Dx() {
			d := int(a.Pix[y*a.Stride+x]) - int(b.Pix[y*b.Stride+x])
			most = max(most, d, -d)
		}
	}
	return most
}

// TestWays: what happens to luma, profile and EXIF block on each way through the
// engine. Linear gray levels (gamma 1) become sRGB's.
func TestWays(t *testing.T) {
	t.Parallel()
	photo, drawing := jpegOf(t, slope(150, 100)), pngOf(t, slope(150, 100))
	rgb, linear, srgb := profileOf("RGB ", 2.2), profileOf("GRAY", 1), profileOf("GRAY", 2.2)
	if metadata.IsSRGBGray(linear) {
		t.Fatal("the linear profile is taken for sRGB's")
	}
	meta := func(orientation uint16, icc []byte) metadata.Metadata {
		return metadata.Metadata{EXIF: exifOf(orientation), ICC: icc}
	}
	for _, tt := range []struct {
		name   string
		data   []byte
		format Format
		change func(*Settings)
		way    string
		icc    []byte
		luma   int // largest difference allowed; negative where it must differ
	}{
		{"kept", with(t, photo, meta(1, rgb)), FormatJPEG, nil, wayKept, rgb, 0},
		{"recoded", with(t, photo, meta(1, rgb)), FormatJPEG, func(s *Settings) { s.RecodeLuma = true }, wayRecoded, rgb, 12},
		{"turned", with(t, photo, meta(6, rgb)), FormatJPEG, nil, wayRecoded, rgb, 12},
		{"linear gray", with(t, photo, meta(1, linear)), FormatJPEG, nil, wayRecoded, nil, -1},
		{"linear gray to PNG", with(t, photo, meta(1, linear)), FormatPNG, nil, wayPNG, nil, -1},
		{"another profile", with(t, photo, meta(1, profileOf("CMYK", 1))), FormatJPEG, nil, wayKept, nil, 0},
		{"JPEG to PNG", with(t, photo, meta(1, rgb)), FormatPNG, nil, wayPNG, rgb, 1},
		{"turned to PNG", with(t, photo, meta(8, nil)), FormatPNG, nil, wayPNG, nil, 1},
		{"PNG", with(t, drawing, meta(1, srgb)), FormatPNG, nil, wayPNG, nil, -2},
		{"PNG to JPEG", with(t, drawing, meta(1, rgb)), FormatJPEG, nil, wayRecoded, rgb, 12},
	} {
		r := colored(t, tt.data, tt.format, tt.change)
		before, after := decode(t, tt.data), decode(t, r.Data)
		if r.Way != tt.way || r.Width != before.Width || r.Height != before.Height {
			t.Errorf("%s: way %s, %dx%d pixels, want %s", tt.name, r.Way, r.Width, r.Height, tt.way)
		}
		switch d := largest(t, before.Gray(), after.Gray()); {
		case tt.luma >= 0 && d > tt.luma, tt.luma == -1 && d < 20:
			t.Errorf("%s: luma differs by %d", tt.name, d)
		}
		got := metadata.Read(r.Data)
		if !bytes.Equal(got.ICC, tt.icc) {
			t.Errorf("%s: a profile of %d bytes, want %d", tt.name, len(got.ICC), len(tt.icc))
		}
		if len(got.EXIF) == 0 || metadata.Orientation(r.Data) != 1 {
			t.Errorf("%s: an EXIF block of %d bytes, orientation %d", tt.name, len(got.EXIF), metadata.Orientation(r.Data))
		}
		if len(r.Before) == 0 || len(r.After) == 0 || !pixel.HasColor(decode(t, r.After).Image) && tt.way != wayKept {
			t.Errorf("%s: thumbnails of %d and %d bytes", tt.name, len(r.Before), len(r.After))
		}
	}
}

// TestKeptLuma: the quantized luma of the result is the original's, also of a
// colour picture.
func TestKeptLuma(t *testing.T) {
	t.Parallel()
	m := image.NewYCbCr(image.Rect(0, 0, 333, 217), image.YCbCrSubsampleRatio420)
	for i := range m.Y {
		m.Y[i] = uint8(i * 7)
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = 90, uint8(i)
	}
	data := jpegOf(t, m)
	r := colored(t, data, FormatJPEG, nil)
	want, err := pjpeg.ReadLuma(data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pjpeg.ReadLuma(r.Data)
	if err != nil || !want.Equal(got) {
		t.Errorf("way %s: another luma, %v", r.Way, err)
	}
}

// TestKeptAndRecodedAgree: both ways give about the same colours.
func TestKeptAndRecodedAgree(t *testing.T) {
	t.Parallel()
	m := image.NewGray(image.Rect(0, 0, 640, 480))
	for i := range m.Pix {
		m.Pix[i] = uint8(70 + i%640/8 + i/640/8)
	}
	data := jpegOf(t, m)
	a := decode(t, colored(t, data, FormatJPEG, nil).Data).RGB()
	b := decode(t, colored(t, data, FormatJPEG, func(s *Settings) { s.RecodeLuma = true }).Data).RGB()
	if d := pixel.PSNR(a, b); d < 35 {
		t.Errorf("%.1f dB between the two ways", d)
	}
}

func TestStrength(t *testing.T) {
	t.Parallel()
	mean := func(strength int, format Format, data []byte) float64 {
		rgb := decode(t, colored(t, data, format, func(s *Settings) { s.Strength = strength }).Data).RGB()
		sum := 0
		for i := 0; i < len(rgb.Pix); i += 3 {
			sum += int(max(rgb.Pix[i], rgb.Pix[i+1], rgb.Pix[i+2])) - int(min(rgb.Pix[i], rgb.Pix[i+1], rgb.Pix[i+2]))
		}
		return float64(3*sum) / float64(len(rgb.Pix))
	}
	for name, tt := range map[string]struct {
		format Format
		data   []byte
	}{"kept": {FormatJPEG, jpegOf(t, slope(120, 90))}, "png": {FormatPNG, flat(t, 64, 150)}} {
		none, half, full := mean(0, tt.format, tt.data), mean(50, tt.format, tt.data), mean(100, tt.format, tt.data)
		if none > 0.01 || full < 20 || half < 0.4*full || half > 0.75*full {
			t.Errorf("%s: colour of %.1f, %.1f and %.1f levels at strengths 0, 50, 100", name, none, half, full)
		}
	}
}

// twoColors is a picture from blue to red.
func twoColors(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			v := uint8(200 * x / width)
			m.Set(x, y, color.RGBA{v, 90, 200 - v, 255})
		}
	}
	return m
}

// TestSkipColor: pictures that have colour are left, gray and sepia ones are not.
func TestSkipColor(t *testing.T) {
	t.Parallel()
	two, sepia := twoColors(200, 120), image.NewRGBA(image.Rect(0, 0, 200, 120))
	for y := range 120 {
		for x := range 200 {
			v := uint8(60 + x/2)
			sepia.Set(x, y, color.RGBA{v + 20, v, v - 20, 255})
		}
	}
	skip := func(s *Settings) { s.SkipColor = true }
	for name, tt := range map[string]struct {
		data   []byte
		format Format
		left   bool
	}{
		"a colour JPEG": {jpegOf(t, two), FormatJPEG, true},
		"a colour PNG":  {pngOf(t, two), FormatPNG, true},
		"a sepia JPEG":  {jpegOf(t, sepia), FormatJPEG, false},
		"a sepia PNG":   {pngOf(t, sepia), FormatPNG, false},
		"a gray JPEG":   {jpegOf(t, slope(200, 120)), FormatJPEG, false},
		"a gray PNG":    {pngOf(t, slope(200, 120)), FormatPNG, false},
	} {
		r := colored(t, tt.data, tt.format, skip)
		if r.Left != tt.left || (len(r.Data) == 0) != tt.left || (r.Way == "") != tt.left || r.Width != 200 || r.Height != 120 {
			t.Errorf("%s: left %v, %d bytes, way %q, %dx%d pixels", name, r.Left, len(r.Data), r.Way, r.Width, r.Height)
		}
		if r := colored(t, tt.data, tt.format, nil); r.Left || len(r.Data) == 0 {
			t.Errorf("%s was left without being asked", name)
		}
	}
}

// TestLeftPictureStandsUpright: also of a picture that is left the size is given as
// it is seen.
func TestLeftPictureStandsUpright(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{"jpeg": jpegOf(t, twoColors(200, 120)), "png": pngOf(t, twoColors(200, 120))} {
		data := with(t, file, metadata.Metadata{EXIF: exifOf(6)})
		r := colored(t, data, FormatJPEG, func(s *Settings) { s.SkipColor = true })
		if !r.Left || r.Width != 120 || r.Height != 200 {
			t.Errorf("%s: left %v, %dx%d pixels, want 120x200", name, r.Left, r.Width, r.Height)
		}
	}
}

// TestLeftPicturesDoNotHoldUp mixes pictures that are left with others and checks
// that nothing stays on its way.
func TestLeftPicturesDoNotHoldUp(t *testing.T) {
	t.Parallel()
	two := twoColors(90, 90)
	s := settings()
	s.SkipColor, s.MemoryBudget = true, 1<<20+9
	e := New(&fake{size: 8, batch: 4}, s)
	list := tasks(t, 50, 60)
	stored := 0
	for i := range list {
		if i%3 == 1 {
			list[i].Load = loads(pngOf(t, two))
		}
	}
	for i, r := range all(t.Context(), e, list) {
		if r.Err != nil || r.Left != (i%3 == 1) {
			t.Errorf("picture %d: left %v, error %v", i, r.Left, r.Err)
		}
		if len(r.Data) > 0 {
			stored++
		}
	}
	if got := e.Stats(); got.Left != 17 || got.PNG != 33 || stored != 33 {
		t.Errorf("%d left, %d coloured, %d with bytes, want 17, 33, 33", got.Left, got.PNG, stored)
	}
	wantIdle(t, e)
}

func TestSideBySide(t *testing.T) {
	t.Parallel()
	both := func(s *Settings) { s.SideBySide = true }
	for name, tt := range map[string]struct {
		data   []byte
		format Format
		luma   int
	}{"jpeg": {jpegOf(t, slope(90, 70)), FormatJPEG, 14}, "png": {pngOf(t, slope(90, 70)), FormatPNG, 1}} {
		r := colored(t, with(t, tt.data, metadata.Metadata{EXIF: exifOf(1)}), tt.format, both)
		rgb := decode(t, r.Data).RGB()
		if rgb.Width != 180 || rgb.Height != 70 || r.Width != 90 {
			t.Fatalf("%s: %dx%d pixels, the picture's width is said to be %d", name, rgb.Width, rgb.Height, r.Width)
		}
		gray := rgb.Luma()
		left, _ := gray.SubImage(image.Rect(0, 0, 90, 70)).(*image.Gray)
		right, _ := gray.SubImage(image.Rect(90, 0, 180, 70)).(*image.Gray)
		if d := largest(t, left, right); d > tt.luma {
			t.Errorf("%s: luma of the halves differs by %d", name, d)
		}
		if p := rgb.Pix[3*(35*180+20):]; max(p[0], p[1], p[2])-min(p[0], p[1], p[2]) > 2 {
			t.Errorf("%s: the left half has colour: %v", name, p[:3])
		}
	}
}

// TestSixteenBits: PNG keeps 16 bits, also side by side, where the left half is the
// picture itself; JPEG has 8.
func TestSixteenBits(t *testing.T) {
	t.Parallel()
	m := image.NewGray16(image.Rect(0, 0, 70, 50))
	for i := range 70 * 50 {
		m.SetGray16(i%70, i/70, color.Gray16{Y: uint16(i * 18)})
	}
	data := pngOf(t, m)
	r := colored(t, data, FormatPNG, nil)
	pic := decode(t, r.Data)
	if pic.Bits != 16 {
		t.Fatalf("%d bits a channel", pic.Bits)
	}
	got := pic.Gray16()
	for i := range 70 * 50 {
		want := m.Gray16At(i%70, i/70).Y
		if d := int(got.Gray16At(i%70, i/70).Y) - int(want); d < -1 || d > 1 {
			t.Fatalf("luma %d became %d", want, int(want)+d)
		}
	}
	pic = decode(t, colored(t, data, FormatPNG, func(s *Settings) { s.SideBySide = true }).Data)
	for i, both := 0, pic.Gray16(); i < 70*50; i++ {
		if got, want := both.Gray16At(i%70, i/70), m.Gray16At(i%70, i/70); got != want {
			t.Fatalf("side by side luma %v became %v", want, got)
		}
	}
	linear := decode(t, colored(t, with(t, data, metadata.Metadata{ICC: profileOf("GRAY", 1)}), FormatPNG, nil).Data).Gray16()
	for _, i := range []int{0, 100, 1000, 2000, 3499} { // 18 levels a step
		want := 65535 * srgb(float64(m.Gray16At(i%70, i/70).Y)/65535)
		if d := float64(linear.Gray16At(i%70, i/70).Y) - want; d < -20 || d > 20 {
			t.Errorf("linear level %d became %d, want %.0f", m.Gray16At(i%70, i/70).Y, linear.Gray16At(i%70, i/70).Y, want)
		}
	}
	if pic := decode(t, colored(t, data, FormatJPEG, nil).Data); pic.Bits != 8 {
		t.Errorf("a JPEG of %d bits", pic.Bits)
	}
}

// srgb is sRGB's curve for linear light in [0, 1].
func srgb(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// TestLongPictures: the narrowest pictures keep their luma on every way, and their
// colours run along them as in the network's output.
func TestLongPictures(t *testing.T) {
	t.Parallel()
	for _, size := range []image.Point{{1, 5000}, {5000, 1}, {1, 1}, {2, 3001}} {
		m := image.NewGray(image.Rect(0, 0, size.X, size.Y))
		for i := range m.Pix {
			m.Pix[i] = uint8(60 + 120*i/len(m.Pix))
		}
		for name, tt := range map[string]struct {
			data   []byte
			format Format
			luma   int
		}{"kept": {jpegOf(t, m), FormatJPEG, 0}, "png": {pngOf(t, m), FormatPNG, 1}, "recoded": {pngOf(t, m), FormatJPEG, 3}} {
			r := colored(t, tt.data, tt.format, nil)
			before, after := decode(t, tt.data), decode(t, r.Data)
			if r.Way != name || largest(t, before.Gray(), after.Gray()) > tt.luma {
				t.Errorf("%v: way %s, luma differs by %d", size, r.Way, largest(t, before.Gray(), after.Gray()))
			}
			wantOwnColors(t, size, name, after.RGB())
		}
	}
}

// wantOwnColors checks that each pixel has the chroma that the fake paints for its
// own luma.
func wantOwnColors(t *testing.T, size image.Point, name string, rgb *pixel.RGB) {
	t.Helper()
	luma := rgb.Luma()
	for i := 0; i < len(luma.Pix); i += 97 {
		v := float32(luma.Pix[i])/127.5 - 1
		c := pixel.ChromaFromNetwork([]float32{v, -v, v / 2}, 1, pixel.Letterbox{Size: 1, Width: 1, Height: 1})
		cb, cr := pixel.FitSample(float32(luma.Pix[i]), c.Cb[0], c.Cr[0])
		r, g, b := float32(rgb.Pix[3*i]), float32(rgb.Pix[3*i+1]), float32(rgb.Pix[3*i+2])
		gotB, gotR := -0.168736*r-0.331264*g+0.5*b, 0.5*r-0.418688*g-0.081312*b
		if d := max(gotB-cb, cb-gotB, gotR-cr, cr-gotR); d > 8 {
			t.Errorf("%v, %s: the chroma of pixel %d differs by %.1f", size, name, i, d)
			return
		}
	}
}
