// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/pixel/ifd"
)

func TestUpright(t *testing.T) {
	t.Parallel()
	before := Read(camera(t, "jpg"))
	original := bytes.Clone(before.EXIF)
	m := before.Upright(40, 64)
	if !bytes.Equal(before.EXIF, original) {
		t.Error("the original was changed")
	}
	if !bytes.Equal(m.ICC, before.ICC) {
		t.Error("the profile was changed")
	}
	was, is := entries(t, original), entries(t, m.EXIF)
	was[tagOrientation] = "\x00\x01"
	if d := cmp.Diff(was, is); d != "" {
		t.Errorf("first directory: (-want +got)\n%s", d)
	}
	f, _ := ifd.Open(m.EXIF)
	first, _ := f.Dir(f.First)
	sub, ok := f.Dir(first.Uint(tagEXIF, 0))
	if !ok || first.Next != 0 {
		t.Fatalf("EXIF directory: %v, next directory at %d", ok, first.Next)
	}
	if w, h := sub.Uint(tagPixelWidth, 0), sub.Uint(tagPixelHeight, 0); w != 40 || h != 64 {
		t.Errorf("EXIF says %dx%d pixels, want 40x64", w, h)
	}
	note, _ := sub.Find(tagMakerNote)
	if len(note.Value) != 200 || !bytes.Equal(note.Value, original[note.Where:][:200]) {
		t.Error("the camera's notes have moved or changed")
	}
	if place, ok := f.Dir(first.Uint(tagGPS, 0)); !ok || len(place.Entries) != 2 {
		t.Errorf("the place has %d entries, want 2", len(place.Entries))
	}
	_, thumbnail, ok := bytes.Cut(original, []byte{0xff, 0xd8, 0xff})
	if !ok {
		t.Fatal("there was no thumbnail")
	}
	if bytes.Contains(m.EXIF, thumbnail[:30]) || bytes.Contains(m.EXIF, []byte("Thumb maker")) || len(m.EXIF) > len(original)-len(thumbnail) {
		t.Errorf("something of the thumbnail is left in %d bytes of %d", len(m.EXIF), len(original))
	}
}

// builder writes structures entry by entry.
type builder struct {
	order ifd.Order
	b     []byte
}

func newBuilder(order ifd.Order, mark string, first uint32) *builder {
	return &builder{order, order.AppendUint32(order.AppendUint16([]byte(mark), 42), first)}
}

// dir appends a directory of LONGs, or of SHORTs where the tag is the
// orientation's, given as tag and value.
func (b *builder) dir(next uint32, entries ...[2]uint32) *builder {
	o := b.order
	b.b = o.AppendUint16(b.b, uint16(len(entries)))
	for _, e := range entries {
		b.b = o.AppendUint16(b.b, uint16(e[0]))
		if e[0] == tagOrientation {
			b.b = o.AppendUint32(o.AppendUint16(b.b, ifd.Short), 1)
			b.b = append(o.AppendUint16(b.b, uint16(e[1])), 0, 0)
			continue
		}
		b.b = o.AppendUint32(o.AppendUint32(o.AppendUint16(b.b, ifd.Long), 1), e[1])
	}
	b.b = o.AppendUint32(b.b, next)
	return b
}

func (b *builder) bytes(s string) *builder {
	b.b = append(b.b, s...)
	return b
}

func TestUprightForms(t *testing.T) {
	t.Parallel()
	for mark, order := range map[string]ifd.Order{"II": binary.LittleEndian, "MM": binary.BigEndian} {
		start := func(first uint32) *builder { return newBuilder(order, mark, first) }
		const first, second = 8, 8 + 18 // a directory of one entry takes 18 bytes
		one := start(first).dir(0, [2]uint32{tagOrientation, 1}).b
		for _, tt := range []struct {
			name       string
			exif, want []byte
		}{
			{"no thumbnail", start(first).dir(0, [2]uint32{tagOrientation, 6}).b, one},
			{"no orientation", start(first).dir(0, [2]uint32{tagWidth, 5}).b, start(first).dir(0, [2]uint32{tagWidth, 70000}).b},
			{"thumbnail", start(first).dir(second, [2]uint32{tagOrientation, 6}).
				dir(0, [2]uint32{tagThumbnail, second + 30}, [2]uint32{tagThumbnailLength, 4}).bytes("JPEG").b, one},
			{"strips", start(first).dir(second, [2]uint32{tagOrientation, 6}).
				dir(0, [2]uint32{tagStripOffsets, second + 30}, [2]uint32{tagStripByteCounts, 4}).bytes("gray").b, one},
			{"thumbnail before other data", start(first).dir(second, [2]uint32{tagOrientation, 6}).
				dir(0, [2]uint32{tagThumbnail, second + 30}, [2]uint32{tagThumbnailLength, 4}).bytes("JPEGrest").b,
				append(append(bytes.Clone(one), make([]byte, 34)...), "rest"...)},
			{"thumbnail that claims the first directory", start(first).dir(second, [2]uint32{tagOrientation, 6}).
				dir(0, [2]uint32{tagThumbnail, 0}, [2]uint32{tagThumbnailLength, 1 << 31}).bytes("rest").b, one},
			{"damaged second directory", start(first).dir(1<<30, [2]uint32{tagOrientation, 6}).bytes("JPEG").b, one},
			{"directories in a circle", start(first).dir(first, [2]uint32{tagOrientation, 6}).bytes("JPEG").b, one},
			{"damaged first directory", start(first).dir(0, [2]uint32{tagOrientation, 6}).b[:20], nil},
			{"first directory elsewhere", start(1 << 20).b, nil},
			{"damaged EXIF directory", start(first).dir(0, [2]uint32{tagEXIF, 1 << 20}).b, nil},
			{"damaged place", start(first).dir(0, [2]uint32{tagGPS, 0}).b, nil},
			{"no structure", []byte("EXIF"), nil},
			{"nothing", nil, nil},
		} {
			got := Metadata{EXIF: tt.exif}.Upright(70000, 3).EXIF
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("%s, %s: (-want +got)\n%s", mark, tt.name, d)
			}
		}
	}
}

func FuzzUpright(f *testing.F) {
	f.Add(Read(camera(f, "jpg")).EXIF)
	f.Add(newBuilder(binary.LittleEndian, "II", 8).dir(26, [2]uint32{tagOrientation, 6}).
		dir(0, [2]uint32{tagThumbnail, 56}, [2]uint32{tagThumbnailLength, 4}).bytes("JPEG").b)
	f.Add(newBuilder(binary.BigEndian, "MM", 8).dir(0, [2]uint32{tagEXIF, 26}).dir(0, [2]uint32{tagInterop, 8}).b)
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		m := Metadata{EXIF: data}.Upright(3, 70000)
		if !bytes.Equal(before, data) || len(m.EXIF) > len(data) {
			t.Errorf("%d bytes became %d, original changed: %v", len(data), len(m.EXIF), !bytes.Equal(before, data))
		}
		if m.EXIF != nil {
			if _, ok := ifd.Open(m.EXIF); !ok {
				t.Error("what is left is no structure")
			}
		}
	})
}
