// SPDX-License-Identifier: Apache-2.0

package wheel

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Extract unpacks those members of a wheel for which place names a path,
// relative to dir and with slashes, and returns what was unpacked, in the
// wheel's order. Libraries and programs are made executable. dir should be a
// new folder: what was unpacked before an error stays there.
func Extract(ctx context.Context, archive, dir string, place func(member string) (path string, ok bool)) ([]File, error) {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", archive, err)
	}
	defer r.Close()
	var files []File
	for _, m := range r.File {
		if err := ctx.Err(); err != nil {
			return files, err
		}
		if m.FileInfo().IsDir() {
			continue
		}
		path, ok := place(m.Name)
		if !ok {
			continue
		}
		if !m.Mode().IsRegular() || !filepath.IsLocal(filepath.FromSlash(path)) {
			return files, fmt.Errorf("unpacking %q: member %q is no plain file inside it", archive, m.Name)
		}
		f, err := extractMember(m, dir, path)
		if err != nil {
			return files, fmt.Errorf("unpacking %q from %q: %w", m.Name, archive, err)
		}
		files = append(files, f)
	}
	return files, nil
}

func extractMember(m *zip.File, dir, path string) (f File, err error) {
	target := filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return File{}, err
	}
	in, err := m.Open()
	if err != nil {
		return File{}, err
	}
	defer in.Close()
	// Never over another member's file.
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode(path))
	if err != nil {
		return File{}, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	h := sha256.New()
	// zip checks size and CRC itself: a member longer than it says is an error.
	n, err := io.Copy(io.MultiWriter(out, h), in) //nolint:gosec // The archive's SHA-256 is pinned.
	if err != nil {
		return File{}, err
	}
	if err := out.Sync(); err != nil {
		return File{}, err
	}
	return File{Path: path, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

func mode(path string) os.FileMode {
	if strings.Contains(path, ".so") || strings.Contains("/"+path, "/bin/") {
		return 0o755
	}
	return 0o644
}
