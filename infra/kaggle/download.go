// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// maxIdle is how many attempts in a row may bring nothing new.
	maxIdle = 6
	// maxAttempts bounds all the attempts of a download, for a server that sends
	// a byte at a time.
	maxAttempts = 100
	// maxWait is the longest that a server may ask to be left alone.
	maxWait = 5 * time.Minute
	// stallTime is how long a transfer may bring nothing before it counts as
	// broken.
	stallTime = time.Minute
)

// download fills the part until it is whole, in as many attempts as it takes.
func (f *fetcher) download(ctx context.Context, p *part) error {
	best, idle, pauses := p.size, 0, 0
	for range maxAttempts {
		err := f.attempt(ctx, p)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("after %d bytes, which the same command goes on from: %w", p.size, context.Cause(ctx))
		}
		broken, ok := errors.AsType[*brokenError](err)
		if !ok {
			return err
		}
		// Who cannot be reached before anything came will not be there in a second.
		if errors.Is(err, ErrUnreachable) && p.size == 0 {
			return fmt.Errorf("%w; %s", err, f.dataset.byHand())
		}
		if p.size > best {
			best, idle, pauses = p.size, 0, 0
		} else if idle++; idle >= maxIdle {
			return fmt.Errorf("giving up after %d attempts in a row without progress, at %d bytes, "+
				"which the same command goes on from: %w", idle, p.size, err)
		}
		if !broken.now {
			pauses++
			wait := max(broken.wait, f.backoff(pauses))
			f.notice("%v; trying again in %s", err, wait.Round(100*time.Millisecond))
			if err := f.sleep(ctx, wait); err != nil {
				return fmt.Errorf("after %d bytes, which the same command goes on from: %w", p.size, err)
			}
		}
	}
	return fmt.Errorf("giving up after %d attempts, at %d bytes, which the same command goes on from", maxAttempts, p.size)
}

// attempt asks for what is missing and appends it.
func (f *fetcher) attempt(ctx context.Context, p *part) error {
	if p.complete() {
		return nil
	}
	if p.size > 0 && p.id.validator() == "" {
		if err := p.restart(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(f.stall, func() { cancel(errStalled) })
	defer watchdog.Stop()
	resp, err := f.get(ctx, p.size, p.id.validator())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := f.ready(resp, p); err != nil {
		return err
	}
	f.progress(StageDownload, p.size, max(p.id.Size, p.size))
	in := &meter{r: resp.Body, read: func(int) { watchdog.Reset(f.stall) }}
	return f.receive(ctx, in, p)
}

// ready prepares the part for the answer's bytes: at its end for the rest of the
// object, at its beginning for all of another.
func (f *fetcher) ready(resp *http.Response, p *part) error {
	id := identify(f.dataset, resp)
	switch {
	case resp.StatusCode == http.StatusOK:
		if p.size > 0 {
			f.notice("the server sends the archive from its beginning, as it has changed or cannot be sent in parts")
		}
		return p.begin(id)
	case resp.StatusCode == http.StatusPartialContent && p.size > 0:
		if first, _, ok := contentRange(resp.Header.Get("Content-Range")); ok && first == p.size && p.id.continues(id) {
			return nil
		}
	}
	// An answer to another question than ours.
	err := fmt.Errorf("%s answered %s to a request from byte %d", place(resp.Request.URL), resp.Status, p.size)
	if rerr := p.restart(); rerr != nil {
		return errors.Join(err, rerr)
	}
	return &brokenError{err: err}
}

// receive appends what comes. It returns nil when all is there.
func (f *fetcher) receive(ctx context.Context, in *meter, p *part) error {
	buf := make([]byte, 1<<17)
	for {
		if ctx.Err() != nil { // bytes may be waiting all the same
			return &brokenError{err: context.Cause(ctx)}
		}
		n, err := in.Read(buf)
		if n > 0 {
			if p.id.Size >= 0 && p.size+int64(n) > p.id.Size {
				err := fmt.Errorf("more came than the %d bytes that the server spoke of", p.id.Size)
				return &brokenError{err: errors.Join(err, p.restart())}
			}
			written, werr := p.file.Write(buf[:n])
			p.size += int64(written)
			if werr != nil {
				return fmt.Errorf("writing %q: %w", p.path(), werr)
			}
			f.progress(StageDownload, p.size, max(p.id.Size, p.size))
		}
		switch {
		case err == nil:
			continue
		case !errors.Is(err, io.EOF):
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return &brokenError{err: fmt.Errorf("after %s: %w", p.progress(), err)}
		case p.id.Size >= 0 && p.size < p.id.Size:
			return &brokenError{err: fmt.Errorf("after %s: %w", p.progress(), io.ErrUnexpectedEOF)}
		}
		return nil
	}
}

// meter tells of every read.
type meter struct {
	r    io.Reader
	read func(n int)
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.read(n)
	return n, err
}

// backoff is how long to wait before the n-th new attempt, n from 1: 1 s, 2 s,
// 4 s and so on, and up to half as much again, lest all who were cut off at once
// come back at once.
func (f *fetcher) backoff(n int) time.Duration {
	d := time.Second << (n - 1)
	return d + time.Duration(f.random()*float64(d/2))
}

// sleep waits, or returns the context's cause.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
