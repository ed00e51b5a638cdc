// SPDX-License-Identifier: Apache-2.0

// Package wheel fetches and unpacks Python wheels, the form in which XLA's
// plugins are published. A wheel is a zip file; no Python is needed.
//
// Everything fetched is pinned by size and SHA-256, so that neither an index
// nor a mirror can put something else in its place. A broken download goes on
// where it broke. The package imports nothing but the standard library.
package wheel

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrUnreachable is the error of a download whose server did not answer: there
// is no network, or none that leads there.
var ErrUnreachable = errors.New("no way to the server")

// ErrMismatch is the error of a file that is not the pinned one.
var ErrMismatch = errors.New("file is not the pinned one")

// Wheel names one published file and what it must hold.
type Wheel struct {
	// Project and Version are its name on the index: "jax-cuda13-pjrt", "0.11.2".
	Project, Version string
	// File is the file's name.
	File string
	// Path is the folder of the file on files.pythonhosted.org, below
	// /packages/: "e5/90/f04e...".
	Path string
	// Size is in bytes.
	Size int64
	// SHA256 is in lower-case hexadecimal digits.
	SHA256 string
}

// File is one unpacked file.
type File struct {
	// Path is relative to the folder it was unpacked into, with slashes.
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// HashFile returns the SHA-256 of a file's content, in hexadecimal digits.
func HashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hashing %q: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// check compares a file with its pins. The error is an [ErrMismatch] where
// they differ.
func (w Wheel) check(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if st.Size() != w.Size {
		return fmt.Errorf("%w: %q has %d bytes, want %d", ErrMismatch, w.File, st.Size(), w.Size)
	}
	sum, err := HashFile(path)
	if err != nil {
		return err
	}
	if sum != w.SHA256 {
		return fmt.Errorf("%w: %q has SHA-256 %s, want %s", ErrMismatch, w.File, sum, w.SHA256)
	}
	return nil
}
