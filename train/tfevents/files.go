// SPDX-License-Identifier: Apache-2.0

package tfevents

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const (
	// prefix is what all writers of event files begin their names with.
	prefix = "events.out.tfevents."
	// suffix tells whose file it is. TensorBoard does not look at it.
	suffix = ".chromabeam"
	// maxSeconds is the largest time in a name. Names sort as their times do
	// while these have ten digits, up to the year 2286.
	maxSeconds = 9_999_999_999
)

// seconds matches the time in the name of an event file.
var seconds = regexp.MustCompile(`^` + regexp.QuoteMeta(prefix) + `(\d{10})\.`)

// Files returns the paths of the event files in dir in the order in which
// TensorBoard reads them, that of their names. Folders below dir are other runs
// to TensorBoard and are left out.
func Files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("listing event files: %w", err)
	}
	var list []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasPrefix(e.Name(), prefix) {
			list = append(list, filepath.Join(dir, e.Name()))
		}
	}
	return list, nil
}

// createAfter makes a file whose name holds the time, in seconds since 1970, and
// the host. The time is later than that of all event files in dir: a clock that
// went back, or a second process within the same second, must not bring a
// resumed run before the one that it resumes.
func createAfter(dir string, now int64, host string) (*os.File, error) {
	list, err := Files(dir)
	if err != nil {
		return nil, err
	}
	for _, path := range list {
		if m := seconds.FindStringSubmatch(filepath.Base(path)); m != nil {
			then, err := strconv.ParseInt(m[1], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("reading the name %q: %w", path, err)
			}
			now = max(now, then+1)
		}
	}
	return createFrom(dir, now, host)
}

// createFrom makes the file of the first time from now on that is free.
func createFrom(dir string, now int64, host string) (*os.File, error) {
	for ; now >= 0 && now <= maxSeconds; now++ {
		path := filepath.Join(dir, fmt.Sprintf("%s%010d.%s%s", prefix, now, host, suffix))
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) { // another process was faster
			continue
		}
		return f, err
	}
	return nil, fmt.Errorf("seconds in an event file's name must be in [0, %d], got %d", maxSeconds, now)
}

// hostName returns host, or this machine's name where it is empty, as it can
// stand in a file name on every system.
func hostName(host string) string {
	if host == "" {
		if name, err := os.Hostname(); err == nil {
			host = name
		}
	}
	host = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.', r == '_':
			return r
		}
		return '-'
	}, host)
	if host == "" {
		return "localhost"
	}
	return host
}
