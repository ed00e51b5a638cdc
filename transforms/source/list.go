// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// list is a file that names pictures, folders and archives. It holds none of
// its lines; reading needs no look at them.
type list struct {
	uri        string
	generation int64  // of a list under gs://
	root       string // the list's folder, absolute, ending in "/"
	opened     *keeper
}

func openList(uri string, generation int64) (Source, error) {
	l := &list{uri: uri, generation: generation}
	if gcs.IsURL(uri) {
		l.root = uri[:strings.LastIndexByte(uri, '/')+1]
	} else {
		dir, err := filepath.Abs(filepath.Dir(uri))
		if err != nil {
			return nil, fault.Request("opening input %q: %w", uri, err)
		}
		l.root = folderPrefix(filepath.ToSlash(dir))
	}
	l.opened = newKeeper(keptOpen, l.open)
	return l, nil
}

func (l *list) URI() string { return l.uri }

func (l *list) Close() error { return l.opened.close() }

// absolute returns the whole path or gs:// URI that an entry means.
func (l *list) absolute(entry string) string {
	switch {
	case gcs.IsURL(entry):
		return entry
	case strings.HasPrefix(entry, "/") || filepath.IsAbs(entry):
		return filepath.ToSlash(filepath.Clean(entry))
	case !gcs.IsURL(l.root):
		return filepath.ToSlash(filepath.Join(l.root, entry))
	case strings.HasPrefix(entry, "./") || strings.HasPrefix(entry, "../"):
		// Elsewhere in an object's name dots are dots, but programs that make
		// lists begin with these.
		return cleanBelow(l.root, entry)
	default:
		return l.root + entry
	}
}

// cleanBelow goes up from root for every "../" that entry begins with, not
// further than to the bucket.
func cleanBelow(root, entry string) string {
	scheme := len("gs://")
	for {
		if rest, ok := strings.CutPrefix(entry, "./"); ok {
			entry = rest
		} else if rest, ok := strings.CutPrefix(entry, "../"); ok {
			entry = rest
			if up := strings.LastIndexByte(root[scheme:len(root)-1], '/'); up >= 0 {
				root = root[:scheme+up+1]
			}
		} else {
			return root + entry
		}
	}
}

// relative is the opposite of absolute: what lies below the list's folder loses
// its name.
func (l *list) relative(path string) string {
	rest, ok := strings.CutPrefix(path, l.root)
	if ok && rest != "" && l.absolute(rest) == path {
		return rest
	}
	return path // also where the rest would not lead back here, such as "/x" in a bucket
}

// single returns the URI and the member of a picture that is named by itself.
func (l *list) single(path string) (uri, member string) {
	if rest, ok := strings.CutPrefix(path, l.root); ok {
		return l.uri, rest
	}
	if u, err := gcs.ParseURL(path); err == nil {
		return gcs.URL{Bucket: u.Bucket}.String(), u.Object
	}
	return "/", strings.TrimPrefix(path, "/")
}

// open opens the folder, archive or pattern that the URI of a reference names.
func (l *list) open(ctx context.Context, uri string) (Source, error) {
	path := l.absolute(uri)
	// The list's own folder is no part of the pattern, whatever it is called.
	if base, pattern, ok := splitGlob(uri); ok && !gcs.IsURL(path) {
		if _, err := os.Lstat(path); err != nil {
			return openGlob(uri, l.absolute(base), pattern)
		}
	}
	s, err := Open(ctx, path)
	if inner, ok := s.(*list); ok {
		return nil, errors.Join(fault.Request("opening %q: a list within a list is not read", uri), inner.Close())
	}
	return s, err
}

// missing is the version of a reference that stands for an entry which cannot
// be listed.
const missing = "missing"

func (l *list) Read(ctx context.Context, r Ref, maxBytes int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.Version != missing && (r.URI == l.uri || r.URI == "") {
		return l.readSingle(ctx, l.root+string(r.Member), r, maxBytes)
	}
	if u, err := gcs.ParseURL(r.URI); r.Version != missing && (r.URI == "/" || err == nil && u.Object == "") {
		return l.readSingle(ctx, folderPrefix(r.URI)+string(r.Member), r, maxBytes)
	}
	s, release, err := l.opened.acquire(ctx, r.URI)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, &fault.PictureError{Stage: fault.StageRead, Transient: r.Version != missing || !fault.IsRequest(err), Err: err,
			Reason: "this entry of the list cannot be opened"}
	}
	defer release()
	if r.Version == missing {
		return nil, fault.Picture(fault.StageRead, "this entry of the list named no picture when it was listed")
	}
	return s.Read(ctx, r, maxBytes)
}

func (l *list) readSingle(ctx context.Context, path string, r Ref, maxBytes int64) ([]byte, error) {
	if !gcs.IsURL(path) {
		return readFile(ctx, anyFiles{}, path, r, maxBytes)
	}
	u, err := gcs.ParseURL(path)
	if err != nil {
		return nil, &fault.PictureError{Stage: fault.StageRead, Reason: "malformed URI", Err: err}
	}
	return readObject(ctx, u.Bucket, u.Object, r, maxBytes)
}

func (l *list) List(ctx context.Context, yield func(Ref) error) (err error) {
	sorted := &sorter{limit: sortMemory}
	defer func() { err = errors.Join(err, sorted.close()) }()
	if err := l.entries(ctx, sorted.add); err != nil {
		return err
	}
	w := &listWalk{list: l, yield: yield}
	if err := sorted.merge(func(e entry) error { return w.add(ctx, e) }); err != nil {
		return err
	}
	return w.flush(ctx)
}

// lineError says that a line is no entry.
func (l *list) lineError(line int, format string, args ...any) error {
	return fault.Request("reading list %q: line %d: %w", l.uri, line, fmt.Errorf(format, args...))
}
