// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"sort"
	"strings"
)

// tarIndex lists a tar's members, sorted as by [Compare]: 40 bytes and the name
// each.
type tarIndex struct {
	names   []byte
	members []tarMember
}

type tarMember struct {
	name       int64 // where it begins in names
	data, size int64
	length     uint32 // of the name
	crc        uint32 // of the header
	form       tarForm
	listed     bool // false where only a list that names it means it
}

// tarForm says which of the versions a member gets.
type tarForm uint8

const (
	formFile tarForm = iota
	formLink
	formSparse
	formSpecial
	formCut
)

// indexTar goes through the headers of a tar. One that ends without the mark of
// its end may have been longer.
func indexTar(ctx context.Context, uri string, b blob) (*tarIndex, error) {
	var x tarIndex
	in := &tarInput{ahead: b.ahead(ctx)}
	r := tar.NewReader(in)
	for {
		h, err := r.Next()
		if errors.Is(err, tar.ErrInsecurePath) {
			err = nil // Read refuses the name
		}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case in.ahead.err != nil:
			return nil, fmt.Errorf("listing %q: %w", uri, in.ahead.err)
		case errors.Is(err, io.EOF) && in.ended():
			x.sort()
			return &x, nil
		case err != nil:
			x.add(path.Base(uri), tarMember{data: in.pos, form: formCut, listed: true})
			x.sort()
			return &x, nil //nolint:nilerr // the member that is cut stands for the error
		}
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		m := tarMember{
			data: in.pos, size: h.Size, form: formOf(h), crc: crc32.ChecksumIEEE(in.last[:]),
			listed: IsPicture(h.Name) && !strings.HasSuffix(h.Name, "/"),
		}
		cut := m.form == formFile && m.size > b.size()-m.data
		if m.listed || cut || m.form == formFile {
			x.add(h.Name, m)
		}
		if cut {
			x.members[len(x.members)-1].listed = true // so that somebody learns of it
			x.sort()
			return &x, nil
		}
	}
}

func formOf(h *tar.Header) tarForm {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return formSparse
		}
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeCont:
		return formFile
	case tar.TypeLink, tar.TypeSymlink:
		return formLink
	case tar.TypeGNUSparse:
		return formSparse
	default:
		return formSpecial
	}
}

func (x *tarIndex) add(name string, m tarMember) {
	m.name, m.length = int64(len(x.names)), uint32(len(name))
	x.names = append(x.names, name...)
	x.members = append(x.members, m)
}

func (x *tarIndex) sort() {
	slices.SortFunc(x.members, func(a, b tarMember) int {
		return cmp.Or(bytes.Compare(x.nameOf(a), x.nameOf(b)), cmp.Compare(a.data, b.data))
	})
}

func (x *tarIndex) nameOf(m tarMember) []byte { return x.names[m.name : m.name+int64(m.length)] }

func (x *tarIndex) name(i int) []byte { return x.nameOf(x.members[i]) }

// search returns where members of a name begin, or would.
func (x *tarIndex) search(name string) int {
	return sort.Search(len(x.members), func(i int) bool { return string(x.name(i)) >= name })
}

func (x *tarIndex) ref(uri string, i int) Ref {
	m := x.members[i]
	r := Ref{URI: uri, Member: bytes.Clone(x.nameOf(m)), Offset: m.data, Size: m.size}
	switch m.form {
	case formFile:
		r.Version = headerVersion(m.crc)
	case formLink:
		r.Version = tarLink
	case formSparse:
		r.Version = tarSparse
	case formSpecial:
		r.Version = tarSpecial
	case formCut:
		r.Version = tarCut
	}
	return r
}

// tarInput is a tar as the standard library reads it. It keeps the last block
// that was read, which is the member's header when the library has read one.
type tarInput struct {
	ahead *readahead
	pos   int64
	last  [tarBlock]byte
}

func (t *tarInput) Read(p []byte) (int, error) {
	n, err := t.ahead.ReadAt(p, t.pos)
	t.pos += int64(n)
	if n == tarBlock {
		copy(t.last[:], p)
	}
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Seek moves on; the library skips what members hold.
func (t *tarInput) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekCurrent || offset < 0 || t.pos+offset < t.pos {
		return t.pos, errors.New("a tar is read from its beginning to its end")
	}
	t.pos += offset
	return t.pos, nil
}

// ended reports whether the block that was read last marks the archive's end.
func (t *tarInput) ended() bool { return t.pos > 0 && t.last == [tarBlock]byte{} }
