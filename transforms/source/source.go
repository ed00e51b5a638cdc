// SPDX-License-Identifier: Apache-2.0

// Package source says where pictures come from, behind one interface. It lists
// references, which are small and may travel between machines, and reads the
// bytes of one reference at a time. [Open] takes
//
//   - a folder;
//   - a glob such as "photos/**/*.png", in the syntax of
//     github.com/bmatcuk/doublestar: *, ?, [a-z], {a,b}, ** for any folders and
//     a backslash before a character that means itself. What exists under the
//     pattern's own name is taken instead;
//   - an archive: zip, tar, tar.gz or tgz, told by its first bytes;
//   - gs://bucket, gs://bucket/prefix, gs://bucket/archive.zip (.tar, .tar.gz,
//     .tgz) and a glob under gs://. What is no object is a prefix and lists
//     what a folder of this name would, and so does an empty object beside
//     others below its name;
//   - a list of any of these, one a line: names in a file that ends in .txt,
//     JSON in one that ends in .jsonl. The list may be local or under gs://.
//
// Names are bytes and taken literally: nothing in them is decoded.
//
// # Folders
//
// A symbolic link inside a folder is followed where it leads to a file of that
// folder. One that leads to a folder is not: it could lead in a circle, and the
// pictures there would count twice. Pictures behind it are neither listed nor
// reported. Globs and the folders of a list do the same.
//
// A folder inside that cannot be read is listed as one reference, with its name
// and "/", and Read rejects it; the listing goes on. One that is removed
// meanwhile is left out.
//
// # Archives
//
// Of a zip the directory is read, of a tar the headers, seeking from one to the
// next. Either index stays in memory, sorted: some 60 bytes a zip member and 40
// bytes a picture in a tar, each with its name. A member is read in one piece.
// Under gs:// every read is a ranged request, pinned to the generation that was
// there when the archive was opened: a zip's directory takes a few, a member
// one. A tar's headers take about one request a member where members have more
// than 64 KiB; where they have less, the listing reads the archive as a whole.
//
// A tar.gz cannot be read here and there. It is unpacked once a process, into a
// file without a name in the folder for temporary files ($TMPDIR), which needs
// the space that the unpacked archive takes, at most 1 TiB.
//
// A tar or tar.gz that is cut off serves what it holds whole. The member that
// is cut, or where there is none the archive's own name, is listed as well, and
// Read rejects it. A tar without the zeros that mark its end counts as cut off.
// Links and sparse members are listed if they have a picture's name, and
// rejected.
//
// # Lists
//
// In a .txt each line is an entry, byte for byte but for one carriage return
// before the line's end; empty lines are left out, and so are comments, which
// begin with "# " (hash and space). In a .jsonl each line is a string or an
// object {"uri": "..."}, which may name one picture of an archive or a folder:
// {"uri": "a.zip", "member": "x.png"}; other fields are left alone, also those
// that differ from these in upper and lower case. A name with
// a line break needs .jsonl, one that is not UTF-8 .txt. A relative entry
// belongs to the list's folder.
//
// An entry that names a file is a picture whatever the file is called, unless
// it is an archive. Two entries that name one picture count once, also where
// one is a file and the other its folder. An entry that is not there, or cannot
// be opened, is listed as one picture, and Read says what is wrong with it.
// Lists within lists are not read.
//
// The references of a list are sorted by path, with "/" before all other
// bytes, in whatever order the lines are; inside a folder or archive they are
// sorted as by [Compare]. Sorting takes at most some 64 MB of memory; longer
// lists go through a temporary file.
//
// The package knows no Beam: pipelines list in the driver and read inside
// their DoFns, through [Shared].
package source

import (
	"bytes"
	"cmp"
	"context"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Ref points at one picture inside a source. It survives JSON whatever bytes
// its name holds.
type Ref struct {
	// URI is the source's that the picture belongs to. In the references of a
	// list it is the entry's: relative to the list's folder for what lies below
	// it, absolute for what lies elsewhere. Pictures that a list names one by
	// one have the list's own URI and a Member relative to its folder; elsewhere
	// URI is "/" or the bucket's and Member the rest of the name. Pictures whose
	// URI, Member and Offset are the same are the same.
	URI string `json:"uri,omitempty"`
	// Member is the picture's name inside the source with "/" between folders,
	// as the raw bytes found there: they need not be UTF-8.
	Member []byte `json:"member"`
	// Offset tells pictures of one name apart: in a zip it is the entry's
	// number in the central directory, in a tar, packed or not, the place of the
	// member's first byte, anywhere else 0.
	Offset int64 `json:"offset,omitempty"`
	// Size is the number of bytes that the source's index promises.
	Size int64 `json:"size"`
	// Version changes when the picture's bytes do: a zip's CRC-32, a checksum
	// of a tar's header, a file's modification time, an object's generation.
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

// Compare orders references by name, then by offset, as [Source.List] yields
// those of one folder or archive, and then by URI.
func Compare(a, b Ref) int {
	return cmp.Or(bytes.Compare(a.Member, b.Member), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.URI, b.URI))
}

// Source is a collection of pictures. Its methods are safe for concurrent use.
type Source interface {
	// URI returns what the source was opened with.
	URI() string
	// List yields a reference for every picture, once, in an order that
	// depends on nothing but what is there: as by [Compare], and for a list as
	// the package's comment says. What is a picture is told by the file name's extension alone; directories,
	// names that begin with a dot, __MACOSX folders and whatever lies behind a
	// symbolic link to a folder are left out, without a word. A link with a
	// picture's name is yielded whatever it leads to, and Read says what is
	// wrong with it. An error of yield ends the listing and is returned.
	List(ctx context.Context, yield func(Ref) error) error
	// Read returns the picture's bytes, at most maxBytes of them. Every fault
	// of the picture itself is a [fault.PictureError]: a damaged, encrypted or
	// vanished member, or one larger than maxBytes. It is transient where
	// another try, or a new listing, may help.
	Read(ctx context.Context, r Ref, maxBytes int64) ([]byte, error)
	// Close releases the source's files.
	Close() error
}

// IsPicture reports whether a member's name is that of a picture to list.
func IsPicture(member string) bool {
	if !HasExtension(member) {
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

// HasExtension reports whether a name ends like that of a picture to list.
func HasExtension(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp",
		// These cannot be read: listed, they are rejected by name and not missing
		// without a word.
		".jp2", ".j2k", ".j2c", ".jpc", ".jpx", ".jpf", ".jxl", ".heic", ".heif", ".avif":
		return true
	default:
		return false
	}
}

// hidden reports whether a file or folder of this name is left out.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || name == "__MACOSX"
}
