// SPDX-License-Identifier: Apache-2.0

package wheel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Host is where PyPI keeps its files.
const Host = "https://files.pythonhosted.org"

// idleAttempts is how many attempts in a row may bring no byte.
const idleAttempts = 3

// A Fetcher downloads wheels into a folder. Fetches into one folder must not
// run at once; see [Lock].
type Fetcher struct {
	// Client does the requests; nil means [NewClient].
	Client *http.Client
	// Index is the address of a simple index (PEP 503 or PEP 691), such as
	// https://pypi.org/simple, which is asked where a file is. Empty means that
	// files are taken from Host at their known paths.
	Index string
	// Host replaces the constant [Host] where it is not empty.
	Host string
	// Dir is the folder of the downloads. A file that lies there already under
	// its own name, brought from another machine say, is checked and used.
	Dir string
	// Stall is how long a transfer may bring nothing before it counts as broken;
	// 0 means a minute.
	Stall time.Duration
	// Pause waits before the n-th new attempt (1, 2, ...) of a broken transfer;
	// nil means 1 s, 2 s, 4 s.
	Pause func(ctx context.Context, n int) error
}

// NewClient returns a client that gives up soon where nobody answers, and
// never because a large file takes long.
func NewClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		ForceAttemptHTTP2:     true,
	}}
}

// Fetch returns the path of the wheel in the fetcher's folder, downloaded if it
// is not there, and checked against its pins in any case. A download cut short
// earlier is taken up again. progress, if not nil, is told how many bytes of
// the wheel are there.
//
// The error wraps [ErrUnreachable] where the server did not answer at all, and
// [ErrMismatch] where it sent something else than the pinned file.
func (f *Fetcher) Fetch(ctx context.Context, w Wheel, progress func(done int64)) (string, error) {
	if progress == nil {
		progress = func(int64) {}
	}
	final := filepath.Join(f.Dir, w.File)
	switch err := w.check(final); {
	case err == nil:
		progress(w.Size)
		return final, nil
	case errors.Is(err, ErrMismatch):
		// Not ours to keep: it has our file's name and another content.
		if err := os.Remove(final); err != nil {
			return "", fmt.Errorf("removing a damaged download: %w", err)
		}
	case !errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("checking the download: %w", err)
	}
	if err := os.MkdirAll(f.Dir, 0o755); err != nil {
		return "", fmt.Errorf("making the download folder: %w", err)
	}
	address, err := f.locate(ctx, w)
	if err != nil {
		return "", fmt.Errorf("finding %q: %w", w.File, err)
	}
	part := final + ".part"
	if err := f.download(ctx, address, part, w, progress); err != nil {
		return "", fmt.Errorf("downloading %q: %w", w.File, err)
	}
	if err := os.Rename(part, final); err != nil {
		return "", fmt.Errorf("keeping the download: %w", err)
	}
	return final, nil
}

// download fills part until it is the wheel.
func (f *Fetcher) download(ctx context.Context, address, part string, w Wheel, progress func(int64)) error {
	restarted := false
	for idle := 0; ; {
		before := sizeOf(part)
		err := f.transfer(ctx, address, part, w, progress)
		if err == nil {
			if err = w.check(part); err == nil {
				return nil
			}
			if !errors.Is(err, ErrMismatch) {
				return err
			}
			if rerr := os.Remove(part); rerr != nil {
				return errors.Join(err, rerr)
			}
			// The beginning may have come from elsewhere, so one clean try.
			if before == 0 || restarted {
				return err
			}
			restarted = true
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var broken *brokenError
		// A server that cannot be reached before anything came will not be
		// there in a second either: say so at once.
		if !errors.As(err, &broken) && (!errors.Is(err, ErrUnreachable) || sizeOf(part) == 0) {
			return err
		}
		if idle++; sizeOf(part) > before {
			idle = 1
		}
		if idle > idleAttempts {
			return err
		}
		if perr := f.pause(ctx, idle); perr != nil {
			return errors.Join(err, perr)
		}
	}
}

func (f *Fetcher) pause(ctx context.Context, n int) error {
	if f.Pause != nil {
		return f.Pause(ctx, n)
	}
	timer := time.NewTimer(time.Second << (n - 1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *Fetcher) client() *http.Client {
	if f.Client == nil {
		f.Client = NewClient()
	}
	return f.Client
}

// sizeOf is 0 for a file that is not there.
func sizeOf(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}
