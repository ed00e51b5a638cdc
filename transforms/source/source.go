// SPDX-License-Identifier: Apache-2.0

// Package source says where pictures come from: a folder or a zip archive,
// behind one interface. It lists references, which are small and may travel
// between machines, and reads the bytes of one reference at a time.
//
// A symbolic link inside a folder is followed where it leads to a file of that
// folder. One that leads to a folder is not: it could lead in a circle, and the
// pictures there would count twice. Pictures behind it are neither listed nor
// reported.
//
// The package knows no Beam: pipelines list in the driver and read inside
// their DoFns, through [Shared].
package source

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Ref points at one picture inside a source. It survives JSON whatever bytes
// its name holds.
type Ref struct {
	// URI is the source's.
	URI string `json:"uri,omitempty"`
	// Member is the picture's name inside the source with "/" between folders,
	// as the raw bytes found there: they need not be UTF-8.
	Member []byte `json:"member"`
	// Offset tells pictures of one name apart: in a zip it is the entry's
	// number in the central directory, in a folder 0.
	Offset int64 `json:"offset,omitempty"`
	// Size is the number of bytes that the source's index promises.
	Size int64 `json:"size"`
	// Version changes when the picture's bytes do: a zip's CRC-32, a file's
	// modification time.
	Version string `json:"version,omitempty"`
}

// Name returns the picture's name for people and records, such as
// "pokemon/pokemon/1.png". A name that is not UTF-8 comes quoted and escaped.
func (r Ref) Name() string {
	if utf8.Valid(r.Member) {
		return string(r.Member)
	}
	return strconv.Quote(string(r.Member))
}

// Compare orders references by name and then by offset, as [Source.List]
// yields them.
func Compare(a, b Ref) int {
	return cmp.Or(bytes.Compare(a.Member, b.Member), cmp.Compare(a.Offset, b.Offset))
}

// Source is a collection of pictures. Its methods are safe for concurrent use.
type Source interface {
	// URI returns what the source was opened with.
	URI() string
	// List yields a reference for every picture, sorted as by [Compare]. What
	// is a picture is told by the file name's extension alone; directories,
	// names that begin with a dot, __MACOSX folders and whatever lies behind a
	// symbolic link to a folder are left out, without a word. A link with a
	// picture's name is yielded whatever it leads to, and Read says what is
	// wrong with it. An error of yield ends the listing and is returned.
	List(ctx context.Context, yield func(Ref) error) error
	// Read returns the picture's bytes, at most maxBytes of them. Every fault
	// of the picture itself is a [fault.PictureError]: a damaged, encrypted or
	// vanished member, or one larger than maxBytes.
	Read(ctx context.Context, r Ref, maxBytes int64) ([]byte, error)
	// Close releases the source's files.
	Close() error
}

// Open opens a folder or a zip archive. A path that is neither, and an archive
// that cannot serve one picture (damaged directory, all members encrypted), is
// a request error.
func Open(ctx context.Context, uri string) (Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	info, err := os.Stat(uri)
	switch {
	case uri == "":
		return nil, fault.Request("input must be given")
	case os.IsNotExist(err):
		return nil, fault.Request("opening input %q: there is no such file or folder", uri)
	case err != nil:
		return nil, fault.Request("opening input: %w", err)
	case info.IsDir():
		return openFolder(uri)
	case info.Mode().IsRegular():
		return openZip(uri)
	default:
		return nil, fault.Request("opening input %q: it must be a folder or a zip archive, got %s", uri, info.Mode().Type())
	}
}

// IsPicture reports whether a member's name is that of a picture to list.
func IsPicture(member string) bool {
	switch strings.ToLower(path.Ext(member)) {
	case ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp":
	default:
		return false
	}
	// A backslash separates folders in archives from some systems.
	for part := range strings.SplitSeq(strings.ReplaceAll(member, `\`, "/"), "/") {
		if part != "." && part != ".." && hidden(part) {
			return false
		}
	}
	return true
}

// hidden reports whether a file or folder of this name is left out.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || name == "__MACOSX"
}
