// SPDX-License-Identifier: Apache-2.0

package wheel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// brokenError is the error of a transfer that may go on at another attempt.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

var errStalled = errors.New("the server sends nothing any more")

// transfer appends to part what is missing of the wheel. It returns nil when
// part has the wheel's size.
func (f *Fetcher) transfer(ctx context.Context, address, part string, w Wheel, progress func(int64)) (err error) {
	out, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	offset, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if offset == w.Size {
		progress(offset)
		return nil
	}
	if offset > w.Size {
		if offset, err = restart(out); err != nil {
			return err
		}
	}

	stall := f.Stall
	if stall == 0 {
		stall = time.Minute
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(stall, func() { cancel(errStalled) })
	defer watchdog.Stop()

	resp, err := f.get(ctx, address, offset)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
		// The server knows no ranges: from the beginning.
		if offset, err = restart(out); err != nil {
			return err
		}
	case resp.StatusCode == http.StatusPartialContent && startsAt(resp, offset):
	default:
		// An answer to another question than ours.
		if _, err := restart(out); err != nil {
			return err
		}
		return &brokenError{fmt.Errorf("%s: answered %s to a request from byte %d", redact(address), resp.Status, offset)}
	}

	progress(offset)
	in := &meter{r: resp.Body, read: func(n int) {
		watchdog.Reset(stall)
		offset += int64(n)
		progress(min(offset, w.Size))
	}}
	// One byte more than wanted tells a file that is too long.
	_, err = io.Copy(out, io.LimitReader(in, w.Size-offset+1))
	switch {
	case err != nil && in.err == nil:
		return err // the disk's fault
	case err != nil:
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return &brokenError{fmt.Errorf("after %d of %d bytes: %w", offset, w.Size, err)}
	case offset < w.Size:
		return &brokenError{fmt.Errorf("after %d of %d bytes: %w", offset, w.Size, io.ErrUnexpectedEOF)}
	}
	return nil
}

// get asks for the file from an offset on. An answer other than 200, 206 and
// 416 is an error.
func (f *Fetcher) get(ctx context.Context, address string, offset int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	// Without it Go would unpack what a server sends with gzip, and count wrongly.
	req.Header.Set("Accept-Encoding", "identity")
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := f.client().Do(req)
	if err != nil {
		return nil, reachError(ctx, err)
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
		return resp, nil
	}
	_ = resp.Body.Close() // the status says it all
	err = fmt.Errorf("%s: answered %s", redact(address), resp.Status)
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout {
		err = &brokenError{err}
	}
	return nil, err
}

// reachError tells a server that was never reached from a conversation that
// broke off.
func reachError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errStalled) {
		return cause
	}
	host := "the server"
	if u, ok := errors.AsType[*url.Error](err); ok {
		// Its text repeats the whole address.
		err = u.Err
		if address, perr := url.Parse(u.URL); perr == nil {
			host = address.Host
		}
	}
	unreachable := func() error { return fmt.Errorf("%w: %s: %w", ErrUnreachable, host, err) }
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return unreachable()
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect") {
		return unreachable()
	}
	// A certificate that is not trusted now will not be so in a second.
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return unreachable()
	}
	return &brokenError{fmt.Errorf("%s: %w", host, err)}
}

// startsAt tells whether an answer begins at the byte that was asked for.
func startsAt(resp *http.Response, offset int64) bool {
	var first int64
	_, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &first)
	return err == nil && first == offset
}

func restart(out *os.File) (int64, error) {
	if err := out.Truncate(0); err != nil {
		return 0, err
	}
	return out.Seek(0, io.SeekStart)
}

// redact leaves a password in an index's address out of messages.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the server"
	}
	return u.Redacted()
}

// meter tells of every read, and keeps the error of reading apart from that of
// writing.
type meter struct {
	r    io.Reader
	read func(n int)
	err  error
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.read(n)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	return n, err
}
