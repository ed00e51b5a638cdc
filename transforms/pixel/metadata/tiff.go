// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"slices"

	"github.com/chromabeam/chromabeam/transforms/pixel/ifd"
)

// maxValue is the longest value, in bytes, that is taken from a TIFF into EXIF.
const maxValue = 16 << 10

// descriptive returns the tags of a TIFF's first directory that say something of
// the picture and not of how it is stored.
func descriptive() []uint16 {
	return []uint16{
		0x010e, // ImageDescription
		0x010f, // Make
		0x0110, // Model
		tagOrientation,
		tagXResolution, tagYResolution, tagResolutionUnit,
		0x0131, // Software
		0x0132, // DateTime
		0x013b, // Artist
		0x013c, // HostComputer
		0x8298, // Copyright
	}
}

// exifOfTIFF puts an EXIF block together from a TIFF's directories. A camera's
// notes are left out: the offsets within them would lead nowhere.
func exifOfTIFF(data []byte) []byte {
	f, ok := ifd.Open(data)
	if !ok {
		return nil
	}
	first, ok := f.Dir(f.First)
	if !ok {
		return nil
	}
	tags := descriptive()
	main := pick(first, func(tag uint16) bool { return slices.Contains(tags, tag) })
	subs := map[uint16][]ifd.Entry{}
	for _, tag := range []uint16{tagEXIF, tagGPS} {
		e, _ := first.Find(tag)
		at, _ := e.Uint(0)
		if d, ok := f.Dir(at); ok {
			subs[tag] = pick(d, func(tag uint16) bool { return tag != tagMakerNote && tag != tagInterop })
		}
	}
	if len(main) == 0 && len(subs) == 0 {
		return nil
	}
	total := 0
	for _, list := range [][]ifd.Entry{main, subs[tagEXIF], subs[tagGPS]} {
		for _, e := range list {
			total += len(e.Value)
		}
	}
	if total > len(data) { // values that share their bytes would make much of little
		return nil
	}
	return buildEXIF(f, main, subs)
}

// pick returns the entries of a directory that are whole, of a tag that is
// wanted, in the order of their tags and each tag once.
func pick(d ifd.Dir, want func(tag uint16) bool) []ifd.Entry {
	var out []ifd.Entry
	for _, e := range d.Entries {
		if len(e.Value) > 0 && len(e.Value) <= maxValue && want(e.Tag) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b ifd.Entry) int { return int(a.Tag) - int(b.Tag) })
	return slices.CompactFunc(out, func(a, b ifd.Entry) bool { return a.Tag == b.Tag })
}

// buildEXIF writes a TIFF structure of one directory and those that it points
// to.
func buildEXIF(f ifd.File, main []ifd.Entry, subs map[uint16][]ifd.Entry) []byte {
	b := slices.Clone(f.Data[:4])
	b = f.Order.AppendUint32(b, 8)
	pointers := make([]uint16, 0, len(subs))
	for _, tag := range []uint16{tagEXIF, tagGPS} { // in their order
		if len(subs[tag]) > 0 {
			pointers = append(pointers, tag)
		}
	}
	b, at := appendDir(f, b, main, pointers)
	for i, tag := range pointers {
		f.Order.PutUint32(b[at[i]:], uint32(len(b)))
		b, _ = appendDir(f, b, subs[tag], nil)
	}
	return b
}

// appendDir appends a directory with its values at an even offset. It returns
// where the offsets of the directories that it points to have to be put in.
func appendDir(f ifd.File, b []byte, entries []ifd.Entry, pointers []uint16) (out []byte, at []int) {
	n := len(entries) + len(pointers)
	values := len(b) + 2 + n*ifd.EntrySize + 4
	var far []byte
	b = f.Order.AppendUint16(b, uint16(n))
	for _, e := range entries {
		b = f.Order.AppendUint16(b, e.Tag)
		b = f.Order.AppendUint16(b, e.Type)
		b = f.Order.AppendUint32(b, e.Count)
		if len(e.Value) > 4 {
			b = f.Order.AppendUint32(b, uint32(values+len(far)))
			far = append(far, e.Value...)
			far = append(far, make([]byte, len(far)%2)...)
			continue
		}
		b = append(b, e.Value...)
		b = append(b, make([]byte, 4-len(e.Value))...)
	}
	for _, tag := range pointers { // their tags are larger than those of all descriptions
		b = f.Order.AppendUint16(b, tag)
		b = f.Order.AppendUint16(b, ifd.Long)
		b = f.Order.AppendUint32(b, 1)
		at = append(at, len(b))
		b = f.Order.AppendUint32(b, 0)
	}
	b = f.Order.AppendUint32(b, 0)
	return append(b, far...), at
}
