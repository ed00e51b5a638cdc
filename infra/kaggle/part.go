// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// part is an archive on its way: the bytes that are there and, beside them, the
// identity of the object that they are of.
type part struct {
	output string
	file   *os.File
	lock   *flock.Flock
	id     identity
	// size is how many bytes are there, resumed how many of them an earlier fetch
	// had left.
	size, resumed int64
}

// openPart takes up what an earlier fetch of the data set left of the output.
// The error is [ErrBusy] while another process has it.
func openPart(output string, d Dataset) (*part, error) {
	p := &part{output: output}
	var err error
	if p.lock, err = takeLock(p.lockPath()); err != nil {
		return nil, err
	}
	if p.file, err = os.OpenFile(p.path(), os.O_CREATE|os.O_RDWR, 0o644); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the download: %w", err), p.close())
	}
	st, err := p.file.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the download: %w", err), p.close())
	}
	p.size = st.Size()
	data, err := os.ReadFile(p.statePath())
	if err == nil {
		err = json.Unmarshal(data, &p.id)
	}
	// Bytes of which nothing is known are of no use.
	if err != nil || p.id.Dataset != d.Ref() || p.id.Size >= 0 && p.size > p.id.Size {
		if err := p.restart(); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	p.resumed = p.size
	if _, err := p.file.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the download: %w", err), p.close())
	}
	return p, nil
}

func (p *part) path() string      { return p.output + ".part" }
func (p *part) statePath() string { return p.path() + ".json" }
func (p *part) lockPath() string  { return p.path() + ".lock" }

// takeLock locks a file that its holder removes.
func takeLock(path string) (*flock.Flock, error) {
	for {
		lock := flock.New(path)
		held, err := lock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("locking %q: %w", path, err)
		}
		if !held {
			return nil, errors.Join(fmt.Errorf("%w (%s)", ErrBusy, path), lock.Close())
		}
		// An earlier holder may have removed the file between our opening and our
		// locking it: then the lock is on nothing that others can see.
		mine, merr := lock.Stat()
		now, nerr := os.Stat(path)
		if merr == nil && nerr == nil && os.SameFile(mine, now) {
			return lock, nil
		}
		if err := lock.Close(); err != nil {
			return nil, fmt.Errorf("locking %q: %w", path, err)
		}
	}
}

// complete tells whether all the bytes are there.
func (p *part) complete() bool { return p.size > 0 && p.size == p.id.Size }

// progress says how far the download is.
func (p *part) progress() string {
	if p.id.Size < 0 {
		return fmt.Sprintf("%d bytes", p.size)
	}
	return fmt.Sprintf("%d of %d bytes", p.size, p.id.Size)
}

// restart drops the bytes.
func (p *part) restart() error {
	if err := p.file.Truncate(0); err != nil {
		return fmt.Errorf("emptying the download: %w", err)
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("emptying the download: %w", err)
	}
	p.size, p.resumed, p.id = 0, 0, identity{Size: -1}
	if err := os.Remove(p.statePath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("emptying the download: %w", err)
	}
	return nil
}

// begin drops the bytes and says which object the next ones are of.
func (p *part) begin(id identity) error {
	if err := p.restart(); err != nil {
		return err
	}
	data, err := json.MarshalIndent(id, "", "  ")
	if err != nil {
		return fmt.Errorf("describing the download: %w", err)
	}
	// Half a description cannot be read, and is dropped with its bytes.
	if err := os.WriteFile(p.statePath(), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("describing the download: %w", err)
	}
	p.id = id
	failpoint.Hit("fetch.archive.described")
	return nil
}

// publish gives the file its name. A file that has appeared under it in the
// meantime is replaced only where overwrite says so.
func (p *part) publish(overwrite bool) error {
	if err := p.file.Sync(); err != nil {
		return fmt.Errorf("writing %q: %w", p.path(), err)
	}
	failpoint.Hit("fetch.archive.synced")
	if _, err := os.Stat(p.output); err == nil && !overwrite {
		return fmt.Errorf("%q has appeared while its data set was being fetched, which is in %q", p.output, p.path())
	}
	err := p.file.Close() // Windows renames no open file
	p.file = nil
	if err != nil {
		return fmt.Errorf("writing %q: %w", p.path(), err)
	}
	if err := os.Rename(p.path(), p.output); err != nil {
		return fmt.Errorf("naming the download: %w", err)
	}
	failpoint.Hit("fetch.archive.renamed")
	if err := store.SyncDir(filepath.Dir(p.output)); err != nil {
		return fmt.Errorf("syncing the folder of %q: %w", p.output, err)
	}
	if err := os.Remove(p.statePath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the download's description: %w", err)
	}
	return nil
}

// close ends the work on the file, which stays where it is. One without a byte
// goes.
func (p *part) close() error {
	var err error
	if p.file != nil {
		err = p.file.Close()
		if p.size == 0 {
			err = errors.Join(err, removeIfThere(p.path()), removeIfThere(p.statePath()))
		}
	}
	return errors.Join(err, release(p.lock))
}

// tidy removes what a killed fetch left beside an output that is whole, unless a
// fetch is under way there.
func tidy(output string) error {
	p := part{output: output}
	if !slices.ContainsFunc([]string{p.path(), p.statePath(), p.lockPath()}, func(path string) bool {
		_, err := os.Lstat(path)
		return err == nil
	}) {
		return nil
	}
	lock, err := takeLock(p.lockPath())
	if errors.Is(err, ErrBusy) {
		return nil
	}
	if err != nil {
		return err
	}
	err = errors.Join(removeIfThere(p.path()), removeIfThere(p.statePath()))
	return errors.Join(err, release(lock))
}

// release removes the lock's file before it frees the lock: see takeLock.
// Windows removes no open file, and there the empty file stays.
func release(lock *flock.Flock) error {
	_ = os.Remove(lock.Path())
	return lock.Close()
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a download: %w", err)
	}
	return nil
}
