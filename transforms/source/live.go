// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"

	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// Live reports whether later listings of an open source show what has come,
// changed and gone: those of a folder, a prefix and a pattern do. An archive
// and a list are what they were when they were opened.
func Live(s Source) bool {
	switch s.(type) {
	case *folder, *bucket:
		return true
	default:
		return false
	}
}

// ReadListed is s.Read for who records that it has read what was listed: a file
// that has been written to since then is a transient [fault.PictureError], and
// not read by half. Objects and the members of archives are never anything else
// than what was listed.
func ReadListed(ctx context.Context, s Source, r Ref, maxBytes int64) ([]byte, error) {
	data, err := s.Read(ctx, r, maxBytes)
	if err != nil {
		return nil, err
	}
	// After reading: whatever was written meanwhile has changed the file's time.
	if f, ok := s.(filed); ok {
		if err := f.unchanged(ctx, r); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// filed is a source whose pictures may be files that somebody writes to.
type filed interface {
	// unchanged returns why a file is not what was listed as r any more.
	unchanged(ctx context.Context, r Ref) error
}

func (f *folder) unchanged(_ context.Context, r Ref) error {
	if r.Version == "" || r.Version == unreadableFolder {
		return nil
	}
	return sameFile(f.root, string(r.Member), r)
}

func (l *list) unchanged(ctx context.Context, r Ref) error {
	switch {
	case r.Version == "" || r.Version == missing || gcs.IsURL(r.URI) || gcs.IsURL(l.root):
		return nil
	case r.URI == l.uri:
		return sameFile(anyFiles{}, l.root+string(r.Member), r)
	case r.URI == "/":
		return sameFile(anyFiles{}, "/"+string(r.Member), r)
	}
	s, release, err := l.opened.acquire(ctx, r.URI)
	if err != nil {
		return err
	}
	defer release()
	if f, ok := s.(filed); ok {
		return f.unchanged(ctx, r)
	}
	return nil
}

func sameFile(from opener, name string, r Ref) error {
	info, err := from.Stat(name)
	if err != nil {
		return folderError(r, err)
	}
	if now := fileRef(r.URI, name, info); now.Size != r.Size || now.Version != r.Version {
		return changed("changed since it was listed", nil)
	}
	return nil
}
