// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// folder is a directory tree, or the part of it that a pattern means. All
// access goes through [os.Root], so that no symbolic link leads out of it.
type folder struct {
	uri  string
	root *os.Root
	glob *glob
}

func openFolder(uri string) (Source, error) {
	root, err := os.OpenRoot(uri)
	if err != nil {
		return nil, fault.Request("opening input folder: %w", err)
	}
	return &folder{uri: uri, root: root}, nil
}

func (f *folder) URI() string { return f.uri }

func (f *folder) Close() error { return f.root.Close() }

func (f *folder) List(ctx context.Context, yield func(Ref) error) error {
	return f.list(ctx, ".", yield)
}

// list walks one folder. Folders sort as if their name ended in "/", which
// makes the walk's order that of the whole names' bytes while no more than one
// chain of folders is in memory. A folder inside that cannot be read becomes
// one reference.
func (f *folder) list(ctx context.Context, dir string, yield func(Ref) error) error {
	entries, err := f.entries(dir)
	switch {
	case err == nil:
	case dir == ".":
		return fmt.Errorf("listing %q: %w", f.uri, err)
	case errors.Is(err, fs.ErrNotExist):
		return nil // removed since the folder around it was read
	default:
		return yield(Ref{URI: f.uri, Member: []byte(dir + "/"), Version: unreadableFolder})
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := e.Name()
		if dir != "." {
			name = dir + "/" + name
		}
		switch {
		case hidden(e.Name()):
		case e.IsDir():
			if f.glob.enter(name) {
				err = f.list(ctx, name, yield)
			}
		case IsPicture(name) && f.glob.match(name):
			err = f.yield(name, e, yield)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unreadableFolder is the version of a reference that stands for a folder. No
// file has it: theirs hold no space.
const unreadableFolder = "unreadable folder"

func (f *folder) entries(dir string) ([]fs.DirEntry, error) {
	file, err := f.root.Open(dir)
	if err != nil {
		return nil, err
	}
	entries, err := file.ReadDir(-1)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(sortName(a), sortName(b)) })
	return entries, nil
}

func sortName(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}

// yield passes on a file. Links and special files are passed on too: Read says
// why they cannot be used, which the user would not learn from a silent skip.
func (f *folder) yield(name string, e fs.DirEntry, yield func(Ref) error) error {
	info, err := e.Info()
	if e.Type()&fs.ModeSymlink != 0 {
		info, err = f.root.Stat(name)
		if err != nil {
			return yield(Ref{URI: f.uri, Member: []byte(name)})
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed since the folder was read
	}
	if err != nil {
		return yield(Ref{URI: f.uri, Member: []byte(name)})
	}
	return yield(fileRef(f.uri, name, info))
}

func fileRef(uri, member string, info fs.FileInfo) Ref {
	version := strconv.FormatInt(info.ModTime().UnixNano(), 36)
	return Ref{URI: uri, Member: []byte(member), Size: info.Size(), Version: version}
}

func (f *folder) Read(ctx context.Context, r Ref, maxBytes int64) ([]byte, error) {
	if r.Version == unreadableFolder {
		return nil, &fault.PictureError{Stage: fault.StageRead, Transient: true,
			Reason: "this folder could not be read, nothing in it was listed"}
	}
	return readFile(ctx, f.root, string(r.Member), r, maxBytes)
}

// opener opens files: those of an [os.Root], or any.
type opener interface {
	Stat(name string) (fs.FileInfo, error)
	Open(name string) (*os.File, error)
}

// anyFiles opens whatever a path names.
type anyFiles struct{}

func (anyFiles) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

func (anyFiles) Open(name string) (*os.File, error) { return os.Open(name) }

func readFile(ctx context.Context, from opener, name string, r Ref, maxBytes int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// Stat first: opening a named pipe would wait for its writer.
	info, err := from.Stat(name)
	if err != nil {
		return nil, folderError(r, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.Picture(fault.StageRead, "not a regular file")
	}
	if info.Size() > maxBytes {
		return nil, tooLarge(info.Size(), maxBytes)
	}
	file, err := from.Open(name)
	if err != nil {
		return nil, folderError(r, err)
	}
	data, err := readAtMost(file, info.Size(), maxBytes)
	if closed := file.Close(); err == nil && closed != nil {
		err = folderError(r, closed)
	}
	return data, err
}

func tooLarge(size, maxBytes int64) error {
	return fault.Picture(fault.StageRead, "file has %d bytes, the limit is %d", size, maxBytes)
}

// readAtMost reads r to its end. The expected size sizes the buffer only: a
// file may grow and a header may lie.
func readAtMost(r io.Reader, expected, maxBytes int64) ([]byte, error) {
	buf := make([]byte, 0, min(expected, maxBytes)+1) // one more, so that the end is met without growing
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > maxBytes:
			return nil, fault.Picture(fault.StageRead, "file has more than %d bytes, the limit", maxBytes)
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return nil, &fault.PictureError{Stage: fault.StageRead, Reason: "unreadable file", Transient: true, Err: err}
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
	}
}
