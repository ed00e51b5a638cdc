// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"archive/zip"
	"context"
	"crypto/md5" //nolint:gosec // It tells damage, not forgery, and is what the storage gives.
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"strings"
)

// contents is what a whole archive holds.
type contents struct {
	bytes, files int64
	// pictures are those with the names that the data set's pictures have.
	pictures int64
	sha256   string
}

// digestError is the error of bytes that are not those the server has.
type digestError struct{ err error }

func (e *digestError) Error() string { return e.err.Error() }
func (e *digestError) Unwrap() error { return e.err }

// verify reads the file twice: for the digests in id, and as a zip file, every
// member with its CRC-32. The error wraps [ErrDamaged] where the file is at
// fault.
func (f *fetcher) verify(ctx context.Context, file *os.File, id identity) (contents, error) {
	st, err := file.Stat()
	if err != nil {
		return contents{}, fmt.Errorf("checking the archive: %w", err)
	}
	c := contents{bytes: st.Size()}
	show := &checkProgress{f: f, total: 2 * c.bytes}
	if c.sha256, err = digests(ctx, io.NewSectionReader(file, 0, c.bytes), id, show); err != nil {
		return contents{}, err
	}
	z, err := zip.NewReader(file, c.bytes)
	if err != nil {
		return contents{}, fmt.Errorf("%w: reading its directory: %w", ErrDamaged, err)
	}
	for _, m := range z.File {
		if strings.HasSuffix(m.Name, "/") {
			continue
		}
		if err := readMember(ctx, m); err != nil {
			return contents{}, err
		}
		c.files++
		if f.dataset.picture.MatchString(m.Name) {
			c.pictures++
		}
		show.add(int64(m.CompressedSize64))
	}
	if c.files == 0 {
		return contents{}, fmt.Errorf("%w: it holds no file", ErrDamaged)
	}
	show.end()
	return c, nil
}

// digests compares the digests that are known and returns the SHA-256.
func digests(ctx context.Context, r io.Reader, id identity, show *checkProgress) (string, error) {
	all := sha256.New()
	sums := []struct {
		name, want string
		hash.Hash
	}{
		{"MD5", id.MD5, md5.New()}, //nolint:gosec // As above.
		{"CRC-32C", id.CRC32C, crc32.New(crc32.MakeTable(crc32.Castagnoli))},
	}
	writers := []io.Writer{all}
	for _, s := range sums {
		if s.want != "" {
			writers = append(writers, s)
		}
	}
	if err := copyAll(ctx, io.MultiWriter(writers...), r, show.add); err != nil {
		return "", fmt.Errorf("checking the archive: %w", err)
	}
	for _, s := range sums {
		if got := hex.EncodeToString(s.Sum(nil)); s.want != "" && got != s.want {
			return "", &digestError{fmt.Errorf("%w: its %s is %s, the server's %s", ErrDamaged, s.name, got, s.want)}
		}
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// readMember reads a member to its end, where its size and CRC-32 are compared.
func readMember(ctx context.Context, m *zip.File) error {
	r, err := m.Open()
	if err == nil {
		err = copyAll(ctx, io.Discard, r, func(int64) {})
		err = errors.Join(err, r.Close())
	}
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: reading its member %q: %w", ErrDamaged, m.Name, err)
	}
	return err
}

func copyAll(ctx context.Context, w io.Writer, r io.Reader, read func(n int64)) error {
	in := &meter{r: r, read: func(n int) { read(int64(n)) }}
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := io.CopyN(w, in, 1<<20); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// checkProgress tells how far a check is. What of the zip file is no member
// counts at the end.
type checkProgress struct {
	f           *fetcher
	done, total int64
}

func (c *checkProgress) add(n int64) {
	// A directory may say anything of its members' sizes.
	c.done += min(max(n, 0), c.total-c.done)
	c.f.progress(StageCheck, c.done, c.total)
}

func (c *checkProgress) end() { c.add(c.total - c.done) }
