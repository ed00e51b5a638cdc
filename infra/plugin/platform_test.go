// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSupported(t *testing.T) {
	t.Parallel()
	tests := []struct {
		p    platform
		want string // empty: supported
	}{
		{platform{os: "linux", arch: "amd64", major: 2, minor: 27}, ""},
		{platform{os: "linux", arch: "amd64", major: 2, minor: 41}, ""},
		{platform{os: "linux", arch: "amd64", major: 3, minor: 0}, ""},
		{platform{os: "linux", arch: "amd64", major: 2, minor: 26}, "glibc 2.26"},
		{platform{os: "linux", arch: "amd64"}, "no glibc was found"},
		{platform{os: "linux", arch: "arm64", major: 2, minor: 36}, "linux/arm64"},
		{platform{os: "darwin", arch: "arm64"}, "darwin/arm64"},
		{platform{os: "windows", arch: "amd64"}, "windows/amd64"},
	}
	for _, tt := range tests {
		err := supported(tt.p)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("supported(%v) = %v", tt.p, err)
		case tt.want != "" && (!errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), tt.want) ||
			!strings.Contains(err.Error(), "-backend go")):
			t.Errorf("supported(%v) = %v, want it to name %q and the go backend", tt.p, err, tt.want)
		}
	}
}

func TestParseGlibc(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in           string
		major, minor int
		ok           bool
	}{
		{"GLIBC_2.36", 2, 36, true},
		{"GLIBC_2.2.5", 2, 2, true},
		{"GLIBC_PRIVATE", 0, 0, false},
		{"GLIBC_2", 0, 0, false},
		{"GLIBC_2.x", 2, 0, false},
		{"libc.so.6", 0, 0, false},
	}
	for _, tt := range tests {
		major, minor, ok := parseGlibc(tt.in)
		if ok != tt.ok || (ok && (major != tt.major || minor != tt.minor)) {
			t.Errorf("parseGlibc(%q) = %d, %d, %v, want %d, %d, %v", tt.in, major, minor, ok, tt.major, tt.minor, tt.ok)
		}
	}
}

func TestGlibcOfNoLibrary(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "libc.so.6")
	if err := os.WriteFile(path, []byte("/* GNU ld script */"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := glibcOf(path); err == nil {
		t.Error("glibcOf a text file: no error")
	}
}
