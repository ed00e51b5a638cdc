// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// publish writes a file so that it is there whole or not at all, whatever
// happens to the process or the machine: into the job's tmp folder, to disk,
// and then under its name.
func (l layout) publish(name string, write func(io.Writer) error) error {
	if err := l.publishSteps(name, write, nothing); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return nil
}

// nothing is the step between writing and naming where there is none.
func nothing() error { return nil }

// publishSteps calls written when the file is complete and has no name yet; it
// gets none if that fails.
func (l layout) publishSteps(name string, write func(io.Writer) error, written func() error) error {
	f, err := os.CreateTemp(l.tmp(), "*-"+filepath.Base(name))
	if err != nil {
		return err
	}
	return finishFile(f, name, write, written)
}

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
	return syncDir(filepath.Dir(name))
}

// syncDir puts a folder's entries on disk. Systems that cannot do that for a
// folder need not.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync() // Windows and some network file systems refuse
	return d.Close()
}
