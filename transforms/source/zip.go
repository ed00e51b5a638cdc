// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// archive is a zip. Its directory stays in memory, 56 bytes and the name a
// member.
type archive struct {
	uri     string
	blob    blob
	members []zipMember
	sorted  []int // the members' numbers, by name
}

type zipMember struct {
	name          string
	at            int64 // of the local header
	packed, size  uint64
	crc           uint32
	method, flags uint16
}

// encryptedFlag is bit 0 of a member's general purpose flags.
const encryptedFlag = 0x1

// zipTail is how much of an archive's end is fetched first: the end record with
// the longest comment, and a small archive's whole directory.
const zipTail = 128 << 10

// openZip reads the directory. The caller closes b if there is an error.
func openZip(ctx context.Context, uri string, b blob) (Source, error) {
	ahead := b.ahead(ctx)
	tail := min(zipTail, b.size())
	if err := ahead.prime(b.size()-tail, tail); err != nil {
		return nil, zipOpenError(ctx, uri, b, err)
	}
	input := &zipInput{readahead: ahead}
	reader, err := zip.NewReader(input, b.size())
	// Unsafe names are refused one by one, by Read.
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		if ahead.err != nil {
			err = ahead.err
		}
		return nil, zipOpenError(ctx, uri, b, err)
	}
	input.probing = true
	a := &archive{uri: uri, blob: b, members: make([]zipMember, len(reader.File))}
	for i, f := range reader.File {
		data, err := f.DataOffset()
		if err != nil {
			return nil, fmt.Errorf("opening input %q: finding %q: %w", uri, f.Name, err)
		}
		a.members[i] = zipMember{
			name: strings.Clone(f.Name), // which shares its bytes with a comment and more
			at:   data - zipHeader, packed: f.CompressedSize64, size: f.UncompressedSize64,
			crc: f.CRC32, method: f.Method, flags: f.Flags,
		}
	}
	a.sorted = sortMembers(a.members)
	if a.allEncrypted() {
		return nil, fault.Request("opening input %q: every picture in this zip is encrypted; decrypt it first", uri)
	}
	return a, nil
}

// zipHeader is the length of a local header without name and extra field.
const zipHeader = 30

const zipHeaderMagic = "PK\x03\x04"

// zipInput is what the standard library reads the directory from. It knows
// where each member's header is and tells nobody, but adds the header's length:
// while probing, it is shown a header without name for every place it asks for.
type zipInput struct {
	*readahead
	probing bool
}

func (z *zipInput) ReadAt(p []byte, off int64) (int, error) {
	if !z.probing {
		return z.readahead.ReadAt(p, off)
	}
	clear(p)
	copy(p, zipHeaderMagic)
	return len(p), nil
}

// zipOpenError tells what is wrong with what is no readable zip.
func zipOpenError(ctx context.Context, uri string, b blob, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	head, err := b.window(ctx, 0, 2)
	switch {
	case !errors.Is(cause, zip.ErrFormat) && !errors.Is(cause, io.EOF) && !errors.Is(cause, io.ErrUnexpectedEOF):
		return cloudOpenError(uri, fmt.Errorf("reading the zip's central directory: %w", cause))
	case err == nil && string(head) == "PK":
		return fault.Request("opening input %q: the zip's central directory is damaged or cut off "+
			"(an incomplete download?): %w", uri, cause)
	default:
		return notASource(uri)
	}
}

func sortMembers(members []zipMember) []int {
	order := make([]int, len(members))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(strings.Compare(members[a].name, members[b].name), cmp.Compare(a, b))
	})
	return order
}

// picture reports whether a listing has the member.
func (m *zipMember) picture() bool { return !strings.HasSuffix(m.name, "/") && IsPicture(m.name) }

// allEncrypted reports whether there are pictures, and none can be read.
func (a *archive) allEncrypted() bool {
	found := false
	for i := range a.members {
		m := &a.members[i]
		if !m.picture() {
			continue
		}
		if m.flags&encryptedFlag == 0 {
			return false
		}
		found = true
	}
	return found
}

func (a *archive) URI() string { return a.uri }

func (a *archive) Close() error { return a.blob.Close() }

func (a *archive) List(ctx context.Context, yield func(Ref) error) error {
	for _, i := range a.sorted {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !a.members[i].picture() {
			continue
		}
		if err := yield(a.ref(i)); err != nil {
			return err
		}
	}
	return nil
}

func (a *archive) ref(i int) Ref {
	m := &a.members[i]
	return Ref{
		URI: a.uri, Member: []byte(m.name), Offset: int64(i),
		Size: int64(m.size), Version: strconv.FormatUint(uint64(m.crc), 16),
	}
}

// find yields the members of one name, whatever their extension.
func (a *archive) find(_ context.Context, name string, yield func(Ref) error) error {
	first, _ := slices.BinarySearchFunc(a.sorted, name, func(i int, name string) int {
		return strings.Compare(a.members[i].name, name)
	})
	for _, i := range a.sorted[first:] {
		if a.members[i].name != name {
			break
		}
		if err := yield(a.ref(i)); err != nil {
			return err
		}
	}
	return nil
}

// localName reports whether a member's name stays inside the folder it would
// be unpacked to, on every system: a backslash separates folders on some.
func localName(name string) bool {
	name = strings.ReplaceAll(name, `\`, "/")
	clean := path.Clean(name)
	return !path.IsAbs(name) && clean != ".." && !strings.HasPrefix(clean, "../") &&
		!strings.ContainsRune(name, 0) && (len(name) < 2 || name[1] != ':')
}
