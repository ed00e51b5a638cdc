// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/pixel/ifd"
)

// The tags of TIFF and EXIF that matter here.
const (
	tagWidth           = 0x0100
	tagHeight          = 0x0101
	tagStripOffsets    = 0x0111
	tagOrientation     = 0x0112
	tagStripByteCounts = 0x0117
	tagXResolution     = 0x011a
	tagYResolution     = 0x011b
	tagResolutionUnit  = 0x0128
	tagThumbnail       = 0x0201
	tagThumbnailLength = 0x0202
	tagEXIF            = 0x8769
	tagICC             = 0x8773
	tagGPS             = 0x8825
	tagMakerNote       = 0x927c
	tagPixelWidth      = 0xa002
	tagPixelHeight     = 0xa003
	tagInterop         = 0xa005
)

// Upright returns m for a picture whose orientation has been applied to its
// pixels and that has no thumbnail: the orientation is 1, the sizes are those
// given, and the thumbnail's directory and bytes are gone. All else stays at
// its place, since the notes of cameras refer to it by offsets. A damaged EXIF
// block is dropped. The density is turned with the pixels. m is not changed.
//
// Previews that a camera keeps within its own notes are left alone.
func (m Metadata) Upright(width, height int) Metadata {
	if orientationOf(m.EXIF) >= 5 {
		m.Density.X, m.Density.Y = m.Density.Y, m.Density.X
	}
	m.EXIF = upright(m.EXIF, uint32(width), uint32(height))
	return m
}

func upright(exif []byte, width, height uint32) []byte {
	f, ok := ifd.Open(bytes.Clone(exif))
	if !ok {
		return nil
	}
	k := keeper{file: f}
	k.keep.add(0, 8)
	first, ok := k.dir(f.First, tagEXIF, tagGPS)
	if !ok {
		return nil
	}
	k.set(first, tagOrientation, 1, true)
	k.set(first, tagWidth, width, false)
	k.set(first, tagHeight, height, false)
	if e, ok := first.Find(tagEXIF); ok {
		at, _ := e.Uint(0)
		d, ok := k.dir(at, tagInterop)
		if !ok {
			return nil
		}
		k.set(d, tagPixelWidth, width, false)
		k.set(d, tagPixelHeight, height, false)
	}
	return k.without(first)
}

// keeper changes a TIFF structure in place and knows which of its bytes stay.
type keeper struct {
	file ifd.File
	keep spans
}

// dir reads a directory and keeps it, its values and the directories that it
// points to by these tags. It is false where one of them is not there.
func (k *keeper) dir(at uint32, pointers ...uint16) (ifd.Dir, bool) {
	d, ok := k.file.Dir(at)
	if !ok {
		return d, false
	}
	k.keep.add(d.At, d.Size)
	for _, e := range d.Entries {
		k.keep.add(e.Where, len(e.Value))
	}
	for _, tag := range pointers {
		if e, ok := d.Find(tag); ok {
			at, _ := e.Uint(0)
			if _, ok := k.dir(at); !ok {
				return d, false
			}
		}
	}
	return d, true
}

// set gives a number to a tag that is there, as a LONG, or as a SHORT.
func (k *keeper) set(d ifd.Dir, tag uint16, v uint32, short bool) {
	order := k.file.Order
	for _, e := range d.Entries {
		if e.Tag != tag {
			continue
		}
		b := k.file.Data[e.At : e.At+ifd.EntrySize]
		order.PutUint32(b[4:], 1)
		clear(b[8:])
		if short {
			order.PutUint16(b[2:], ifd.Short)
			order.PutUint16(b[8:], uint16(v))
		} else {
			order.PutUint16(b[2:], ifd.Long)
			order.PutUint32(b[8:], v)
		}
	}
}

// maxDirs is how many directories a chain may have; EXIF has two.
const maxDirs = 16

// without cuts off the directories behind the first one and clears them with
// their thumbnails, but for bytes that others use. If one of them cannot be
// read, nobody knows where the thumbnail is: all goes then that nothing points
// to. It returns the structure without the zeros that are left at its end.
func (k *keeper) without(first ifd.Dir) []byte {
	b := k.file.Data
	if first.Next == 0 {
		return b
	}
	var gone spans
	next := first.Next
	for range maxDirs {
		d, ok := k.file.Dir(next)
		if !ok {
			break
		}
		gone.add(d.At, d.Size)
		for _, e := range d.Entries {
			gone.add(e.Where, len(e.Value))
		}
		addData(&gone, d, tagThumbnail, tagThumbnailLength)
		addData(&gone, d, tagStripOffsets, tagStripByteCounts)
		if next = d.Next; next == 0 {
			break
		}
	}
	k.file.Order.PutUint32(b[first.At+first.Size-4:], 0)
	kept, cleared := k.keep.mask(len(b)), gone.mask(len(b))
	for i, stays := range kept {
		if !stays && (next != 0 || cleared[i]) {
			b[i] = 0
		}
	}
	for len(b) > 0 && b[len(b)-1] == 0 && !kept[len(b)-1] {
		b = b[:len(b)-1]
	}
	return b
}

// addData adds what a directory's offsets and lengths point to.
func addData(s *spans, d ifd.Dir, offsets, lengths uint16) {
	from, _ := d.Find(offsets)
	size, _ := d.Find(lengths)
	for i := range min(from.Len(), size.Len()) {
		at, _ := from.Uint(i)
		n, _ := size.Uint(i)
		s.add(int(min(at, maxSize)), int(min(n, maxSize)))
	}
}

// spans is a set of bytes, as stretches in any order.
type spans struct{ list [][2]int }

// add adds n bytes from an offset on.
func (s *spans) add(at, n int) {
	if n > 0 {
		s.list = append(s.list, [2]int{at, at + n})
	}
}

// mask returns for each of the first n bytes whether it belongs to the set. Each
// is written once, however often stretches overlap.
func (s *spans) mask(n int) []bool {
	m := make([]bool, n)
	slices.SortFunc(s.list, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	end := 0
	for _, span := range s.list {
		for i := max(span[0], end); i < min(span[1], n); i++ {
			m[i] = true
		}
		end = max(end, min(span[1], n))
	}
	return m
}
