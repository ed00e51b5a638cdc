// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/tar"
	"archive/zip"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// packed is a picture inside an archive or part: Size bytes, as they are, from
// Offset on.
type packed struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
	CRC32  uint32 `json:"crc32"`
	// Key and Match say which picture it is, and from which bytes and how it was
	// made; see [entry].
	Key   string `json:"key,omitempty"`
	Match uint64 `json:"match,omitempty"`
}

// tag names a member as the picture that it is.
func (m packed) tag() uint64 { return tagOf(m.Key, m.Name, m.Match) }

func tagOf(key, name string, match uint64) uint64 {
	return nameHash(key + "\x00" + strconv.FormatUint(match, 10) + "\x00" + name)
}

// packer writes an archive, member after member.
type packer interface {
	// next begins a member of that name, size and checksum and returns where its
	// bytes go and the offset that the first of them gets.
	next(m packed) (body io.Writer, offset int64, err error)
	// finish ends the archive.
	finish() error
}

func newPacker(k kind, w io.Writer) packer {
	c := &byteCounter{w: w}
	if k == tarArchive {
		return &tarPacker{tar: tar.NewWriter(c), out: c}
	}
	return &zipPacker{zip: zip.NewWriter(c), out: c}
}

// zipPacker stores members as they are: pictures are compressed already.
type zipPacker struct {
	zip *zip.Writer
	out *byteCounter
}

func (p *zipPacker) next(m packed) (io.Writer, int64, error) {
	w, err := p.zip.CreateRaw(storedHeader(m))
	if err == nil {
		err = p.zip.Flush() // so that the offset is known
	}
	return w, p.out.n, err
}

func (p *zipPacker) finish() error { return p.zip.Close() }

// storedHeader describes a member that is stored as it is. Times would make
// equal archives differ.
func storedHeader(m packed) *zip.FileHeader {
	h := &zip.FileHeader{
		Name: m.Name, Method: zip.Store, CRC32: m.CRC32,
		CompressedSize64: uint64(m.Size), UncompressedSize64: uint64(m.Size),
		// 1980-01-01, the first day that zip knows: zero is no date, and the field
		// that replaces this one would add the time once more as an extra.
		ModifiedDate: 1<<5 | 1, //nolint:staticcheck // see above
	}
	if strings.ContainsFunc(m.Name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		h.Flags |= 0x800 // the name is UTF-8
	}
	h.CreatorVersion, h.ReaderVersion = 20, 20
	return h
}

// tarPacker writes plain files without times, owners or rights that differ.
type tarPacker struct {
	tar *tar.Writer
	out *byteCounter
}

func (p *tarPacker) next(m packed) (io.Writer, int64, error) {
	err := p.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: m.Name, Size: m.Size, Mode: 0o644})
	return p.tar, p.out.n, err
}

func (p *tarPacker) finish() error { return p.tar.Close() }

// pack writes a whole member and returns it with its place.
func pack(p packer, name string, data []byte) (packed, error) {
	m := packed{Name: name, Size: int64(len(data)), CRC32: crc32.ChecksumIEEE(data)}
	w, offset, err := p.next(m)
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		return m, fmt.Errorf("packing %q: %w", name, err)
	}
	m.Offset = offset
	return m, nil
}

// byteCounter counts the bytes that go through it.
type byteCounter struct {
	w io.Writer
	n int64
}

func (c *byteCounter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
