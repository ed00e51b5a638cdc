// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// archive is a zip file. Its directory stays in memory, about 200 bytes a
// member.
type archive struct {
	uri      string
	file     *os.File
	reader   *zip.Reader
	pictures []int // numbers of the picture entries, sorted by name
}

// encryptedFlag is bit 0 of a member's general purpose flags.
const encryptedFlag = 0x1

func openZip(uri string) (_ Source, err error) {
	file, err := os.Open(uri)
	if err != nil {
		return nil, fault.Request("opening input: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening input %q: %w", uri, err)
	}
	reader, err := zip.NewReader(file, info.Size())
	// Unsafe names are refused one by one, by Read.
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, zipOpenError(uri, file, info.Size(), err)
	}
	a := &archive{uri: uri, file: file, reader: reader}
	registerInflate(reader)
	a.pictures = pictureEntries(reader.File)
	if n := len(a.pictures); n > 0 && a.encrypted() == n {
		return nil, fault.Request("opening input %q: every picture in this zip is encrypted; decrypt it first", uri)
	}
	return a, nil
}

// zipOpenError tells what is wrong with a file that is no readable zip.
func zipOpenError(uri string, file io.ReaderAt, size int64, cause error) error {
	var head [4]byte
	_, err := file.ReadAt(head[:], 0)
	switch {
	case size == 0:
		return fault.Request("opening input %q: the file is empty", uri)
	case !errors.Is(cause, zip.ErrFormat) && !errors.Is(cause, io.EOF) && !errors.Is(cause, io.ErrUnexpectedEOF):
		return fault.Request("opening input %q: reading the zip's central directory: %w", uri, cause)
	case err == nil && string(head[:2]) == "PK":
		return fault.Request("opening input %q: the zip's central directory is damaged or cut off "+
			"(an incomplete download?): %w", uri, cause)
	default:
		return fault.Request("opening input %q: it must be a folder or a zip archive, and it does not start as a zip", uri)
	}
}

func pictureEntries(files []*zip.File) []int {
	var list []int
	for i, f := range files {
		if !strings.HasSuffix(f.Name, "/") && IsPicture(f.Name) {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b int) int {
		return cmp.Or(strings.Compare(files[a].Name, files[b].Name), cmp.Compare(a, b))
	})
	return list
}

func (a *archive) encrypted() int {
	n := 0
	for _, i := range a.pictures {
		if a.reader.File[i].Flags&encryptedFlag != 0 {
			n++
		}
	}
	return n
}

func (a *archive) URI() string { return a.uri }

func (a *archive) Close() error { return a.file.Close() }

func (a *archive) List(ctx context.Context, yield func(Ref) error) error {
	for _, i := range a.pictures {
		if err := ctx.Err(); err != nil {
			return err
		}
		f := a.reader.File[i]
		r := Ref{
			URI: a.uri, Member: []byte(f.Name), Offset: int64(i),
			Size: int64(f.UncompressedSize64), Version: strconv.FormatUint(uint64(f.CRC32), 16),
		}
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

func (a *archive) Read(ctx context.Context, r Ref, maxBytes int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.Offset < 0 || r.Offset >= int64(len(a.reader.File)) || a.reader.File[r.Offset].Name != string(r.Member) {
		return nil, fault.Picture(fault.StageRead, "no such member: the archive has changed since it was listed")
	}
	f := a.reader.File[r.Offset]
	switch {
	case !localName(f.Name):
		return nil, fault.Picture(fault.StageRead, "unsafe member name, it leads out of the archive")
	case f.Flags&encryptedFlag != 0:
		return nil, fault.Picture(fault.StageRead, "encrypted zip member")
	case f.UncompressedSize64 > uint64(maxBytes):
		return nil, fault.Picture(fault.StageRead, "file has %d bytes, the limit is %d", f.UncompressedSize64, maxBytes)
	}
	return a.inflate(f, maxBytes)
}

// maxInflation is how many bytes one byte of deflated data can become. A header
// that promises more lies, and gets no buffer of the size it names.
const maxInflation = 1032

func (a *archive) inflate(f *zip.File, maxBytes int64) ([]byte, error) {
	body, err := f.Open()
	if err != nil {
		return nil, zipReadError(f, err)
	}
	expected := int64(min(f.UncompressedSize64, f.CompressedSize64*maxInflation))
	data, err := readAtMost(body, expected, maxBytes)
	// Closing hands the decompressor back; whatever it found, Read said first.
	if closed := body.Close(); err == nil && closed != nil {
		err = closed
	}
	if err != nil {
		return nil, zipReadError(f, err)
	}
	return data, nil
}

func zipReadError(f *zip.File, err error) error {
	if picture, ok := errors.AsType[*fault.PictureError](err); ok {
		if picture.Err == nil {
			return picture // a limit, not a fault of reading
		}
		err = picture.Err
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return &fault.PictureError{Stage: fault.StageRead, Reason: "unreadable archive", Transient: true, Err: err}
	}
	reason := "damaged zip member"
	if errors.Is(err, zip.ErrAlgorithm) {
		reason = fmt.Sprintf("zip compression method %d is not supported", f.Method)
	}
	return &fault.PictureError{Stage: fault.StageRead, Reason: reason, Err: err}
}

// localName reports whether a member's name stays inside the folder it would
// be unpacked to, on every system: a backslash separates folders on some.
func localName(name string) bool {
	name = strings.ReplaceAll(name, `\`, "/")
	clean := path.Clean(name)
	return !path.IsAbs(name) && clean != ".." && !strings.HasPrefix(clean, "../") &&
		!strings.ContainsRune(name, 0) && (len(name) < 2 || name[1] != ':')
}
