// SPDX-License-Identifier: Apache-2.0

// Package ifd reads the directories of a TIFF structure, which is what a TIFF
// file is and what EXIF consists of. The bytes are a stranger's: whatever lies
// outside of them is not there, and nothing is allocated beyond the entries of
// one directory.
//
// The package imports the standard library alone; its functions are safe for
// concurrent use as long as nobody writes to the bytes.
package ifd

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Types of values.
const (
	Byte  = 1
	ASCII = 2
	Short = 3
	Long  = 4
	// Rational is two LONGs, of which the second divides the first.
	Rational = 5
	IFD      = 13 // like Long, of a directory
)

// EntrySize is the number of bytes of an entry in a directory.
const EntrySize = 12

// Order is one of the two byte orders.
type Order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// File is a TIFF structure.
type File struct {
	Data  []byte
	Order Order
	// First is the offset of the first directory.
	First uint32
}

// Open reads the header; ok is false where it is not that of a classic TIFF.
func Open(data []byte) (f File, ok bool) {
	switch {
	case len(data) < 8:
		return f, false
	case bytes.HasPrefix(data, []byte("II*\x00")):
		f.Order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("MM\x00*")):
		f.Order = binary.BigEndian
	default:
		return f, false
	}
	f.Data, f.First = data, f.Order.Uint32(data[4:])
	return f, true
}

// Entry is one entry of a directory.
type Entry struct {
	Tag, Type uint16
	Count     uint32
	// At is the offset of the entry's own 12 bytes.
	At int
	// Value holds the bytes of the values, part of the file's; nil where they
	// lie outside of it or are of an unknown type.
	Value []byte
	// Where is the offset of Value.
	Where int

	order Order
}

// Dir is a directory.
type Dir struct {
	// At is its offset and Size its length in bytes, with the offset of the next
	// directory at its end.
	At, Size int
	Entries  []Entry
	// Next is the offset of the next directory, 0 for none.
	Next uint32
}

// Dir reads the directory at an offset; ok is false where it does not lie
// within the file. A missing offset of the next directory counts as none.
func (f File) Dir(at uint32) (d Dir, ok bool) {
	if uint64(at)+2 > uint64(len(f.Data)) || at == 0 {
		return d, false
	}
	start := int(at)
	n := int(f.Order.Uint16(f.Data[start:]))
	body := f.Data[start+2:]
	if n*EntrySize > len(body) {
		return d, false
	}
	d = Dir{At: start, Size: 2 + n*EntrySize, Entries: make([]Entry, n)}
	for i := range d.Entries {
		d.Entries[i] = f.entry(start + 2 + i*EntrySize)
	}
	if rest := body[n*EntrySize:]; len(rest) >= 4 {
		d.Next, d.Size = f.Order.Uint32(rest), d.Size+4
	}
	return d, true
}

func (f File) entry(at int) Entry {
	b := f.Data[at : at+EntrySize]
	e := Entry{
		Tag: f.Order.Uint16(b), Type: f.Order.Uint16(b[2:]), Count: f.Order.Uint32(b[4:]),
		At: at, Where: at + 8, order: f.Order,
	}
	size := uint64(e.Count) * uint64(typeSize(e.Type))
	if size > 4 {
		where := uint64(f.Order.Uint32(b[8:]))
		if where+size > uint64(len(f.Data)) {
			return e
		}
		e.Where = int(where)
	}
	e.Value = f.Data[e.Where : e.Where+int(size) : e.Where+int(size)]
	if typeSize(e.Type) == 0 {
		e.Value = nil
	}
	return e
}

// typeSize returns the bytes of one value, 0 for an unknown type.
func typeSize(t uint16) int {
	sizes := [...]int{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4}
	if int(t) < len(sizes) {
		return sizes[t]
	}
	return 0
}

// Find returns the first entry of a tag.
func (d Dir) Find(tag uint16) (Entry, bool) {
	for _, e := range d.Entries {
		if e.Tag == tag {
			return e, true
		}
	}
	return Entry{}, false
}

// Uint returns the first value of a tag, and otherwise where there is none that
// is a whole number.
func (d Dir) Uint(tag uint16, otherwise uint32) uint32 {
	e, _ := d.Find(tag)
	if v, ok := e.Uint(0); ok {
		return v
	}
	return otherwise
}

// Len returns the number of whole numbers that the entry holds, 0 if its values
// are of another kind or lie outside of the file.
func (e Entry) Len() int {
	switch e.Type {
	case Byte, Short, Long, IFD:
		if e.Value != nil && e.Count <= math.MaxInt32 {
			return int(e.Count)
		}
	}
	return 0
}

// Uint returns the value of index i.
func (e Entry) Uint(i int) (v uint32, ok bool) {
	if i < 0 || i >= e.Len() {
		return 0, false
	}
	switch e.Type {
	case Byte:
		return uint32(e.Value[i]), true
	case Short:
		return uint32(e.order.Uint16(e.Value[2*i:])), true
	}
	return e.order.Uint32(e.Value[4*i:]), true
}
