// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"context"
	"hash/crc32"
	"strconv"
	"sync"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// tarBlock is the unit of a tar: a header takes one.
const tarBlock = 512

// tarball is a tar that can be read here and there. Its index is made by the
// first listing; reading needs none.
type tarball struct {
	uri  string
	blob blob
	// damage says why what blob holds is not the whole archive, or is nil.
	damage error

	mu    sync.Mutex
	index *tarIndex
}

// startsTar reports whether a block is a tar's header. Old tars have no magic,
// but all have a checksum.
func startsTar(head []byte) bool {
	if len(head) < tarBlock {
		return false
	}
	field := bytes.TrimLeft(bytes.TrimRight(head[148:156], "\x00 "), " ")
	want, err := strconv.ParseUint(string(field), 8, 32)
	if err != nil {
		return false
	}
	signed, unsigned := int64(8*' '), int64(8*' ')
	for i, b := range head[:tarBlock] {
		if i < 148 || i >= 156 {
			signed, unsigned = signed+int64(int8(b)), unsigned+int64(b)
		}
	}
	return int64(want) == unsigned || int64(want) == signed
}

func (t *tarball) URI() string { return t.uri }

func (t *tarball) Close() error { return t.blob.Close() }

func (t *tarball) List(ctx context.Context, yield func(Ref) error) error {
	index, err := t.indexed(ctx)
	if err != nil {
		return err
	}
	for i := range index.members {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !index.members[i].listed {
			continue
		}
		if err := yield(index.ref(t.uri, i)); err != nil {
			return err
		}
	}
	return nil
}

// find yields the members of one name, whatever their extension.
func (t *tarball) find(ctx context.Context, name string, yield func(Ref) error) error {
	index, err := t.indexed(ctx)
	if err != nil {
		return err
	}
	for i := index.search(name); i < len(index.members) && string(index.name(i)) == name; i++ {
		if err := yield(index.ref(t.uri, i)); err != nil {
			return err
		}
	}
	return nil
}

// indexed returns the index, going through the headers if nobody has.
func (t *tarball) indexed(ctx context.Context) (*tarIndex, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.index != nil {
		return t.index, nil
	}
	index, err := indexTar(ctx, t.uri, t.blob)
	if err != nil {
		return nil, err
	}
	t.index = index
	return index, nil
}

// The versions of members that are no pictures, or none any more. Those of
// others are eight hexadecimal digits.
const (
	tarLink    = "link"
	tarSparse  = "sparse"
	tarSpecial = "special"
	tarCut     = "cut"
)

func (t *tarball) Read(ctx context.Context, r Ref, maxBytes int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch {
	case r.Version == tarCut:
		return nil, &fault.PictureError{Stage: fault.StageRead, Err: t.damage,
			Reason: "the archive is cut off or damaged at byte " + strconv.FormatInt(r.Offset, 10) + ", what follows is lost"}
	case !localName(string(r.Member)):
		return nil, errUnsafeName()
	case r.Version == tarLink:
		return nil, fault.Picture(fault.StageRead, "link to another member of the archive")
	case r.Version == tarSparse:
		return nil, fault.Picture(fault.StageRead, "sparse member, which is not supported")
	case r.Version == tarSpecial:
		return nil, fault.Picture(fault.StageRead, "not a regular file")
	case r.Offset < tarBlock, r.Size < 0, r.Offset-tarBlock >= t.blob.size():
		return nil, errNoSuchMember()
	case r.Size > maxBytes:
		return nil, tooLarge(r.Size, maxBytes)
	}
	// The header comes along, to see that it is the member that was listed.
	data, err := t.blob.window(ctx, r.Offset-tarBlock, tarBlock+r.Size)
	switch {
	case err != nil:
		return nil, blobError(ctx, err)
	case len(data) < tarBlock, r.Version != "" && r.Version != headerVersion(crc32.ChecksumIEEE(data[:tarBlock])):
		return nil, errArchiveChanged()
	case int64(len(data)) < tarBlock+r.Size:
		return nil, &fault.PictureError{Stage: fault.StageRead, Err: t.damage, Reason: "truncated: the archive holds " +
			strconv.Itoa(len(data)-tarBlock) + " of its " + strconv.FormatInt(r.Size, 10) + " bytes"}
	}
	return data[tarBlock:], nil
}

// headerVersion has always eight digits, so that it is none of the words above.
func headerVersion(crc uint32) string { return strconv.FormatUint(1<<32|uint64(crc), 16)[1:] }
