// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// nothing is the step between writing and naming where there is none.
func nothing() error { return nil }

// finishFile fills a temporary file, puts it on disk and gives it its name. After
// an error the file is gone.
func finishFile(f *os.File, name string, write func(io.Writer) error, written func() error) error {
	w := bufio.NewWriterSize(f, 1<<16)
	err := write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = written()
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return store.SyncDir(filepath.Dir(name))
}
