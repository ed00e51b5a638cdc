// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/pixel/ifd"
)

// camera reads a picture of 64x40 pixels with orientation 6. Pillow 13 wrote
// these, with EXIF by piexif 1.1.3: a camera's notes of 200 bytes, a place, a
// thumbnail, and LittleCMS's profile of sRGB. Pillow's own EXIF is in the TIFF.
func camera(t testing.TB, ext string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "camera."+ext))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// block is an EXIF structure that holds the orientation only.
func block(order ifd.Order, mark string, o uint16) []byte {
	b := order.AppendUint16([]byte(mark), 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, tagOrientation)
	b = order.AppendUint16(b, ifd.Short)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, o)
	return append(b, 0, 0, 0, 0, 0, 0)
}

func segment(marker byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2)), body...)
}

func chunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func TestRead(t *testing.T) {
	t.Parallel()
	jpeg := Read(camera(t, "jpg"))
	if len(jpeg.EXIF) != 1276 || len(jpeg.ICC) != 588 || jpeg.Profile() != RGBProfile {
		t.Fatalf("JPEG: %d bytes of EXIF, %d of ICC, profile %d", len(jpeg.EXIF), len(jpeg.ICC), jpeg.Profile())
	}
	for _, ext := range []string{"png", "webp"} {
		if got := Read(camera(t, ext)); !cmp.Equal(jpeg, got) {
			t.Errorf("%s: %d bytes of EXIF, %d of ICC, want those of the JPEG", ext, len(got.EXIF), len(got.ICC))
		}
	}
	tiff := Read(camera(t, "tif"))
	if len(tiff.ICC) != 588 || tiff.Profile() != RGBProfile {
		t.Errorf("TIFF: %d bytes of ICC", len(tiff.ICC))
	}
	want := map[uint16]string{
		0x010f: "Chroma\x00", tagOrientation: "\x06\x00", 0x011a: "\x2c\x01\x00\x00\x01\x00\x00\x00", 0x011b: "\x2c\x01\x00\x00\x01\x00\x00\x00",
		0x0128: "\x02\x00", tagEXIF + 1<<8: "1934:05:06 07:08:09\x00",
	}
	got := entries(t, tiff.EXIF)
	for _, tag := range []uint16{tagEXIF, tagWidth, tagStripOffsets} {
		if _, ok := got[tag]; ok == (tag != tagEXIF) {
			t.Errorf("TIFF's EXIF has tag %#x: %v", tag, ok)
		}
	}
	f, _ := ifd.Open(tiff.EXIF)
	first, _ := f.Dir(f.First)
	sub, ok := f.Dir(first.Uint(tagEXIF, 0))
	date, _ := sub.Find(0x9003)
	if !ok || string(date.Value) != "1934:05:06 07:08:09\x00" {
		t.Errorf("TIFF's EXIF has the date %q", date.Value)
	}
	delete(want, tagEXIF+1<<8)
	delete(got, tagEXIF)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("TIFF's EXIF: (-want +got)\n%s", d)
	}
}

// entries returns the values of a structure's first directory.
func entries(t *testing.T, exif []byte) map[uint16]string {
	t.Helper()
	f, ok := ifd.Open(exif)
	if !ok {
		t.Fatal("no TIFF structure")
	}
	d, ok := f.Dir(f.First)
	if !ok {
		t.Fatal("no directory")
	}
	out := map[uint16]string{}
	for _, e := range d.Entries {
		out[e.Tag] = string(e.Value)
	}
	return out
}

func TestReadDamaged(t *testing.T) {
	t.Parallel()
	part := func(number, of byte, text string) []byte {
		return segment(markerAPP2, append([]byte(iccPrefix+string([]byte{number, of})), text...))
	}
	jpeg := func(segments ...[]byte) []byte {
		return append(append([]byte{0xff, markerSOI}, bytes.Join(segments, nil)...), 0xff, markerSOS, 0, 2)
	}
	png := func(kind string, body []byte) []byte {
		return append([]byte(pngMagic), chunk(kind, body)...)
	}
	for _, tt := range []struct {
		name string
		data []byte
		want Metadata
	}{
		{"nothing", nil, Metadata{}},
		{"text", []byte("no picture"), Metadata{}},
		{"JPEG's first marker", []byte{0xff, markerSOI}, Metadata{}},
		{"two parts", jpeg(part(2, 2, "b"), part(1, 2, "a")), Metadata{ICC: []byte("ab")}},
		{"a part missing", jpeg(part(1, 2, "a")), Metadata{}},
		{"a part twice", jpeg(part(1, 2, "a"), part(1, 2, "a"), part(2, 2, "b")), Metadata{}},
		{"parts that differ in count", jpeg(part(1, 2, "a"), part(2, 3, "b")), Metadata{}},
		{"part 0", jpeg(part(0, 1, "a")), Metadata{}},
		{"behind the scan", append(jpeg(), part(1, 1, "a")...), Metadata{}},
		{"a segment cut short", jpeg(part(1, 1, "a"))[:12], Metadata{}},
		{"a profile that is not packed", png("iCCP", []byte("name\x00\x00no zlib")), Metadata{}},
		{"a profile without a name's end", png("iCCP", []byte("name")), Metadata{}},
		{"a profile packed in another way", png("iCCP", []byte("name\x00\x01xx")), Metadata{}},
		{"EXIF with JPEG's prefix", png("eXIf", []byte("Exif\x00\x00II*\x00")), Metadata{EXIF: []byte("II*\x00")}},
		{"TIFF without a directory", []byte("II*\x00\xff\x00\x00\x00"), Metadata{}},
	} {
		if d := cmp.Diff(tt.want, Read(tt.data)); d != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, d)
		}
	}
}

// Many values of the same bytes must not make much of a small file.
func TestReadSharedValues(t *testing.T) { // not parallel: it measures the whole process
	le := binary.LittleEndian
	const n = 5000
	b := newBuilder(le, "II", 8).dir(0, [2]uint32{tagEXIF, 26}).b
	b = le.AppendUint16(b, n)
	for tag := range uint16(n) {
		b = le.AppendUint32(le.AppendUint16(le.AppendUint16(b, tag+1), ifd.Byte), maxValue)
		b = le.AppendUint32(b, 8)
	}
	b = le.AppendUint32(b, 0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := Read(b)
	runtime.ReadMemStats(&after)
	if size := after.TotalAlloc - before.TotalAlloc; got.EXIF != nil || size > 50*uint64(len(b)) {
		t.Errorf("a file of %d bytes takes %d and has EXIF of %d", len(b), size, len(got.EXIF))
	}
}

func TestOrientation(t *testing.T) {
	t.Parallel()
	le, be := binary.LittleEndian, binary.BigEndian
	long := block(le, "II", 5)
	long[12] = ifd.Long
	inJPEG := func(exif []byte) []byte {
		return append([]byte{0xff, markerSOI}, segment(markerAPP1, append([]byte(exifPrefix), exif...))...)
	}
	webp := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8 \x01\x00\x00\x00x\x00EXIF"), 26, 0, 0, 0)
	for _, tt := range []struct {
		name string
		data []byte
		want int
	}{
		{"webp", append(webp, block(le, "II", 7)...), 7},
		{"jpeg", inJPEG(block(be, "MM", 8)), 8},
		{"fill bytes", append([]byte{0xff, markerSOI, 0xff, 0xff}, inJPEG(block(be, "MM", 4))[2:]...), 4},
		{"long", long, 5},
		{"value 9", block(le, "II", 9), 1},
		{"value 0", block(le, "II", 0), 1},
		{"cut", block(le, "II", 6)[:20], 1},
		{"far directory", []byte("II*\x00\xff\xff\xff\xff"), 1},
		{"camera", camera(t, "jpg"), 6},
		{"none", []byte{0xff, markerSOI, 0xff, markerSOS}, 1},
	} {
		if got := Orientation(tt.data); got != tt.want {
			t.Errorf("%s: orientation %d, want %d", tt.name, got, tt.want)
		}
	}
}

// Whatever the bytes: no panic, sizes stay bounded, and what is put into a file
// comes out of it.
func FuzzRead(f *testing.F) {
	f.Add(camera(f, "jpg"))
	f.Add(camera(f, "tif"))
	f.Add(append([]byte(pngMagic), append(chunk("IHDR", make([]byte, 13)), chunk("eXIf", block(binary.BigEndian, "MM", 6))...)...))
	f.Add(append([]byte("RIFF\x00\x00\x00\x00WEBPEXIF\x1a\x00\x00\x00"), block(binary.LittleEndian, "II", 6)...))
	f.Add([]byte("\xff\xd8\xff\xe2\x00\x11ICC_PROFILE\x00\x01\x01a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := Read(data)
		if o := Orientation(data); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
		up := m.Upright(1<<17, 3)
		if len(up.EXIF) > len(m.EXIF) {
			t.Errorf("%d bytes of EXIF became %d", len(m.EXIF), len(up.EXIF))
		}
		m.Profile()
		IsSRGBGray(m.ICC)
		if out, err := InsertJPEG(data, up); err == nil {
			if got := Read(out); len(up.EXIF) < maxSegment-6 && (!bytes.Equal(got.EXIF, up.EXIF) || !bytes.Equal(got.ICC, up.ICC)) {
				t.Error("the JPEG holds other metadata than put into it")
			}
		}
		if out, err := InsertPNG(data, up); err == nil {
			if got := Read(out); !bytes.Equal(got.EXIF, bytes.TrimPrefix(up.EXIF, []byte(exifPrefix))) || !bytes.Equal(got.ICC, up.ICC) {
				t.Error("the PNG holds other metadata than put into it")
			}
		}
	})
}
