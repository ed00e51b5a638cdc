// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// The C library that the plugins are built for.
const (
	glibcMajor = 2
	glibcMinor = 27
)

// platform is what decides whether a plugin can be loaded.
type platform struct {
	os, arch string
	// glibc is the version of the C library, 0.0 where there is none such.
	major, minor int
}

func (p platform) String() string {
	s := p.os + "/" + p.arch
	if p.os == "linux" && p.major > 0 {
		s += fmt.Sprintf(", glibc %d.%d", p.major, p.minor)
	}
	return s
}

func thisPlatform() platform {
	p := platform{os: runtime.GOOS, arch: runtime.GOARCH}
	if p.os == "linux" {
		p.major, p.minor = glibc()
	}
	return p
}

// supported says why there is no plugin for a platform; the error is an
// [ErrUnsupported].
func supported(p platform) error {
	const instead = "use -backend go, which works everywhere"
	switch {
	case p.os != "linux" || p.arch != "amd64":
		return fmt.Errorf("%w: plugins are published for linux/amd64, this is %s; %s", ErrUnsupported, p, instead)
	case p.major == 0:
		return fmt.Errorf("%w: plugins need glibc %d.%d or newer, and no glibc was found; %s",
			ErrUnsupported, glibcMajor, glibcMinor, instead)
	case p.major < glibcMajor || (p.major == glibcMajor && p.minor < glibcMinor):
		return fmt.Errorf("%w: plugins need glibc %d.%d or newer, this is %s; %s",
			ErrUnsupported, glibcMajor, glibcMinor, p, instead)
	}
	return nil
}

// glibc finds the C library where Linux distributions put it and reads its
// version from the symbols it defines, since neither ldd nor getconf is
// everywhere and calling the library needs cgo.
func glibc() (major, minor int) {
	for _, path := range []string{
		"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/usr/lib64/libc.so.6",
		"/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/libc.so.6", "/lib/libc.so.6",
	} {
		if major, minor, err := glibcOf(path); err == nil {
			return major, minor
		}
	}
	return 0, 0
}

func glibcOf(path string) (major, minor int, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, 0, err
	}
	f, err := elf.Open(path)
	if err != nil {
		return 0, 0, fmt.Errorf("reading %q: %w", path, err)
	}
	defer f.Close()
	versions, err := f.DynamicVersions()
	if err != nil {
		return 0, 0, fmt.Errorf("reading the versions of %q: %w", path, err)
	}
	for _, v := range versions {
		a, b, ok := parseGlibc(v.Name)
		if ok && (a > major || (a == major && b > minor)) {
			major, minor = a, b
		}
	}
	if major == 0 {
		return 0, 0, errors.New("reading the versions: none is of glibc")
	}
	return major, minor, nil
}

// parseGlibc reads "GLIBC_2.36", and "GLIBC_2.2.5" as 2.2.
func parseGlibc(name string) (major, minor int, ok bool) {
	number, ok := strings.CutPrefix(name, "GLIBC_")
	if !ok {
		return 0, 0, false
	}
	parts := strings.Split(number, ".")
	if len(parts) < 2 {
		return 0, 0, false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return major, minor, err1 == nil && err2 == nil
}
