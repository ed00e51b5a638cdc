// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
)

// Publish writes dir/name as a whole or not at all: into a temporary file in
// dir, which is synced and renamed, and then the folder is synced. A file of
// that name is replaced. The writer given to write is buffered.
//
// What a killed process leaves is a file whose name ends in ".tmp"; nothing
// reads those, and [CleanTemp] removes them.
func Publish(dir, name string, write func(io.Writer) error) (err error) {
	object := objectOf(name)
	// A fixed name would let two processes write into one file.
	f, err := os.CreateTemp(dir, name+".*"+tempSuffix)
	if err != nil {
		return fmt.Errorf("publishing %q: %w", name, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // closed already on the later paths, and the first error counts
			err = fmt.Errorf("publishing %q: %w", name, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	buf := bufio.NewWriterSize(f, 1<<16)
	if err := write(buf); err != nil {
		return err
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	failpoint.Hit(object + ".written")
	if err := f.Chmod(0o644); err != nil { // CreateTemp makes it private
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	failpoint.Hit(object + ".synced")
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	failpoint.Hit(object + ".renamed")
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("syncing folder: %w", err)
	}
	return nil
}

const tempSuffix = ".tmp"

// objectOf names what is published, for failpoints: "prepare.shard",
// "prepare.stats", "prepare.info", and "publish.file" for all else.
func objectOf(name string) string {
	switch {
	case strings.HasSuffix(name, ".tar"):
		return "prepare.shard"
	case strings.HasSuffix(name, statsSuffix):
		return "prepare.stats"
	case name == InfoName:
		return "prepare.info"
	}
	return "publish.file"
}

// leftover matches the whole names that [Publish] gives the temporary files of a
// data set: whatever else ends in ".tmp" is the user's.
var leftover = regexp.MustCompile(`^((train|val|test)-\d{6}(\.tar|` + regexp.QuoteMeta(statsSuffix) + `)|` +
	regexp.QuoteMeta(InfoName) + `|` + regexp.QuoteMeta(RejectsName) + `)\.\d+` + regexp.QuoteMeta(tempSuffix) + `$`)

// CleanTemp removes from dir what killed runs of [Publish] left there: files
// named as a data set's with a number and ".tmp" at their end. No other process
// may be publishing into dir.
func CleanTemp(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking for temporary files: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !leftover.MatchString(e.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing a temporary file: %w", err)
		}
	}
	return nil
}

// syncDir makes a rename durable. Windows has no such call and needs none.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
