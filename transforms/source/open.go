// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// Open opens any of the kinds of source that the package's comment names. What
// is none of them, is not there or cannot serve one picture (a damaged
// directory, all members encrypted) is a [fault.RequestError]. A tar.gz is
// unpacked before Open returns; nothing else reads more than a directory.
func Open(ctx context.Context, uri string) (Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch {
	case uri == "":
		return nil, fault.Request("input must be given")
	case gcs.IsURL(uri):
		return openCloud(ctx, uri)
	default:
		return openLocal(ctx, uri)
	}
}

func openLocal(ctx context.Context, uri string) (Source, error) {
	info, err := os.Stat(uri)
	switch {
	case err != nil:
		return openMissing(uri, err)
	case info.IsDir():
		return openFolder(uri)
	case !info.Mode().IsRegular():
		return nil, fault.Request("opening input %q: it must be a folder or an archive, got %s", uri, info.Mode().Type())
	}
	head, err := fileHead(uri)
	if err != nil {
		return nil, fault.Request("opening input: %w", err)
	}
	if kind := kindOf(uri, head); kind == kindList {
		return openList(uri, 0)
	} else if kind != kindOther {
		b, err := openFileBlob(uri)
		if err != nil {
			return nil, fault.Request("opening input: %w", err)
		}
		return openArchive(ctx, uri, kind, b)
	}
	if info.Size() == 0 {
		return nil, fault.Request("opening input %q: the file is empty", uri)
	}
	return nil, notASource(uri)
}

func notASource(uri string) error {
	return fault.Request("opening input %q: it must be a folder, an archive (zip, tar, tar.gz) or a list (.txt, .jsonl), "+
		"and it does not start as a zip or tar", uri)
}

// openMissing takes a path that names nothing as a pattern. Systems differ in
// how they say that a path with special characters names nothing.
func openMissing(uri string, cause error) (Source, error) {
	base, pattern, ok := splitGlob(filepath.ToSlash(uri))
	missing := errors.Is(cause, fs.ErrNotExist)
	switch {
	case ok && (missing || doublestar.ValidatePattern(pattern)):
		return openGlob(uri, base, pattern)
	case missing:
		return nil, fault.Request("opening input %q: there is no such file or folder", uri)
	default:
		return nil, fault.Request("opening input: %w", cause)
	}
}

// kind is what a file or object is, by its first bytes and name.
type kind int

const (
	kindOther kind = iota
	kindZip
	kindTar
	kindTarGz
	kindList
)

// headBytes is how many bytes kindOf looks at.
const headBytes = tarBlock

func kindOf(name string, head []byte) kind {
	lower := strings.ToLower(name)
	switch {
	case strings.HasSuffix(lower, ".txt"), strings.HasSuffix(lower, ".jsonl"):
		return kindList
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return kindZip
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return kindTarGz
	case startsTar(head):
		return kindTar
	case strings.HasSuffix(lower, ".zip") && len(head) > 0:
		return kindZip // a program that unpacks itself may come first
	}
	return kindOther
}

// archiveName reports whether a name is one that archives have.
func archiveName(name string) bool {
	lower := strings.ToLower(name)
	for _, suffix := range []string{".zip", ".tar", ".tgz", ".tar.gz"} {
		if strings.HasSuffix(lower, suffix) {
			return true
		}
	}
	return false
}

func listName(name string) bool { return kindOf(name, nil) == kindList }

func fileHead(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	head := make([]byte, headBytes)
	n, err := readFull(file, head)
	return head[:n], err
}

// openArchive opens what b holds, and closes b where it cannot.
func openArchive(ctx context.Context, uri string, k kind, b blob) (s Source, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	switch k {
	case kindZip:
		return openZip(ctx, uri, b)
	case kindTar:
		return &tarball{uri: uri, blob: b}, nil
	case kindTarGz:
		return openTarGz(ctx, uri, b)
	default:
		return nil, notASource(uri)
	}
}

// openCloud opens what a gs:// URI names: an object, else a prefix, else a
// pattern. An empty object beside a prefix of its name stands for the folder.
func openCloud(ctx context.Context, uri string) (Source, error) {
	u, err := gcs.ParseURL(uri)
	if err != nil {
		return nil, fault.AsRequest(err)
	}
	var object *gcs.Object
	if u.Object != "" && !strings.HasSuffix(u.Object, "/") {
		o, err := gcs.Stat(ctx, u.Bucket, u.Object)
		switch {
		case err == nil && o.Size > 0:
			return openObject(ctx, uri, u.Bucket, o)
		case err == nil:
			object = &o
		case !errors.Is(err, fs.ErrNotExist):
			return nil, cloudOpenError(uri, err)
		}
	}
	prefix := folderPrefix(u.Object)
	found, err := anyObject(ctx, u.Bucket, prefix)
	switch {
	case err == nil && found:
		return &bucket{uri: uri, name: u.Bucket, prefix: prefix, lists: prefix}, nil
	case object != nil && (err == nil || lasting(err)):
		return openObject(ctx, uri, u.Bucket, *object)
	case err != nil:
		return nil, cloudOpenError(uri, err)
	}
	if _, pattern, ok := splitGlob(u.Object); ok {
		return openCloudGlob(uri, u.Bucket, strings.TrimSuffix(u.Object, pattern), pattern)
	}
	return nil, fault.Request("opening input %q: there is no such object, and none below it", uri)
}

func openObject(ctx context.Context, uri, bucketName string, o gcs.Object) (Source, error) {
	if listName(o.Name) {
		return openList(uri, o.Generation)
	}
	b := &objectBlob{bucket: bucketName, object: o}
	head, err := b.window(ctx, 0, headBytes)
	if err != nil {
		return nil, cloudOpenError(uri, err)
	}
	if o.Size == 0 {
		return nil, fault.Request("opening input %q: the object is empty", uri)
	}
	return openArchive(ctx, uri, kindOf(o.Name, head), b)
}

func cloudOpenError(uri string, err error) error {
	if lasting(err) {
		return fault.Request("opening input %q: %w", uri, err)
	}
	return fmt.Errorf("opening input %q: %w", uri, err)
}
