// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strconv"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

func (a *archive) Read(ctx context.Context, r Ref, maxBytes int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.Offset < 0 || r.Offset >= int64(len(a.members)) || a.members[r.Offset].name != string(r.Member) {
		return nil, errNoSuchMember()
	}
	m := &a.members[r.Offset]
	switch {
	case r.Version != "" && r.Version != strconv.FormatUint(uint64(m.crc), 16):
		return nil, errArchiveChanged()
	case !localName(m.name):
		return nil, errUnsafeName()
	case m.flags&encryptedFlag != 0:
		return nil, fault.Picture(fault.StageRead, "encrypted zip member")
	case m.size > uint64(max(0, maxBytes)):
		return nil, fault.Picture(fault.StageRead, "file has %d bytes, the limit is %d", m.size, maxBytes)
	case m.method != zip.Store && m.method != zip.Deflate:
		return nil, fault.Picture(fault.StageRead, "zip compression method %d is not supported", m.method)
	}
	body, err := a.open(ctx, m)
	if err != nil {
		return nil, err
	}
	return m.unpack(ctx, body)
}

func errUnsafeName() error {
	return fault.Picture(fault.StageRead, "unsafe member name, it leads out of the archive")
}

// headerSlack is how much longer than its directory entry says a member's local
// header may be without costing a second request.
const headerSlack = 256

// open returns a member's packed bytes. From an object they come with their
// header in one request, and all at once; from a file they are read as needed.
func (a *archive) open(ctx context.Context, m *zipMember) (io.Reader, error) {
	local, isFile := a.blob.(*fileBlob)
	want := int64(zipHeader)
	if !isFile {
		// Packed bytes beyond what deflate takes for bytes that it cannot shrink
		// are a lie, and would be held in memory.
		if m.packed > m.size+m.size/1000+headerSlack {
			return nil, damagedMember(errors.New("more packed bytes than unpacked ones"))
		}
		want += int64(len(m.name)) + headerSlack + int64(m.packed)
	}
	head, err := a.blob.window(ctx, m.at, want)
	if err != nil {
		return nil, blobError(ctx, err)
	}
	if len(head) < zipHeader || string(head[:4]) != zipHeaderMagic {
		return nil, damagedMember(zip.ErrFormat)
	}
	skip := zipHeader + int64(binary.LittleEndian.Uint16(head[26:])) + int64(binary.LittleEndian.Uint16(head[28:]))
	if isFile {
		return io.NewSectionReader(local, m.at+skip, int64(m.packed)), nil
	}
	if got := int64(len(head)) - skip; got >= int64(m.packed) {
		return bytes.NewReader(head[skip : skip+int64(m.packed)]), nil
	}
	body, err := a.blob.window(ctx, m.at+skip, int64(m.packed))
	if err != nil {
		return nil, blobError(ctx, err)
	}
	return bytes.NewReader(body), nil
}

// maxInflation is how many bytes one byte of deflated data can become. A header
// that promises more lies, and gets no buffer of the size it names.
const maxInflation = 1032

func (m *zipMember) unpack(ctx context.Context, packed io.Reader) (data []byte, err error) {
	body, expected := io.NopCloser(packed), min(m.size, m.packed)
	if m.method == zip.Deflate {
		body, expected = inflate(packed), m.size
		if m.packed < m.size/maxInflation {
			expected = m.packed * maxInflation
		}
	}
	// One byte more than promised is enough to see that the promise is broken.
	limit := int64(min(m.size, math.MaxInt64-1)) + 1
	data, err = readAtMost(io.LimitReader(body, limit), int64(expected), limit)
	// Closing hands the decompressor back; whatever it found, Read said first.
	closed := body.Close()
	switch {
	case err != nil:
		return nil, unpackError(ctx, err)
	case closed != nil:
		return nil, damagedMember(closed)
	case uint64(len(data)) != m.size:
		return nil, damagedMember(fmt.Errorf("its directory entry promises %d bytes, and there are others", m.size))
	case m.crc != 0 && crc32.ChecksumIEEE(data) != m.crc: // 0 says that nobody has computed it
		return nil, damagedMember(zip.ErrChecksum)
	}
	return data, nil
}

// unpackError tells a file that cannot be read from one with damaged bytes.
func unpackError(ctx context.Context, err error) error {
	if picture, ok := errors.AsType[*fault.PictureError](err); ok && picture.Err != nil {
		err = picture.Err
	}
	if isPathError(err) {
		return blobError(ctx, err)
	}
	return damagedMember(err)
}

func damagedMember(err error) error {
	return &fault.PictureError{Stage: fault.StageRead, Reason: "damaged zip member", Err: err}
}
