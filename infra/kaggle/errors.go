// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// What can be wrong with a fetch, for [errors.Is]. The texts of the errors say
// what to do.
var (
	// ErrTokenRefused is Kaggle's answer to credentials that it does not know.
	ErrTokenRefused = errors.New("the token is refused by Kaggle")
	// ErrConsent is Kaggle's answer where rules have to be accepted first.
	ErrConsent = errors.New("the data set is denied to this account by Kaggle")
	// ErrGone is Kaggle's answer where there is no such data set.
	ErrGone = errors.New("there is no such data set at Kaggle")
	// ErrUnreachable is the error of a server that did not answer at all.
	ErrUnreachable = errors.New("the server cannot be reached")
	// ErrDamaged is the error of an archive that is not what the server said, or
	// no whole zip file.
	ErrDamaged = errors.New("the archive is damaged")
	// ErrExists is the error of an output that is there and is something else.
	ErrExists = errors.New("the output is there already and is not this data set")
	// ErrBusy is the error of an output that another process is fetching.
	ErrBusy = errors.New("another process is fetching the same file")

	errStalled = errors.New("the server sends nothing any more")
)

// brokenError is the error of an attempt that another may do better.
type brokenError struct {
	err error
	// wait is how long the server asks to be left alone; 0 where it does not say.
	wait time.Duration
	// now is set where the next attempt is of another kind, so needs no pause.
	now bool
}

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// apiError turns the API's refusal into an error.
func (f *fetcher) apiError(resp *http.Response) error {
	said := message(resp)
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		return fault.Request("%w%s, which was in %s: create a new one at %s, %s",
			ErrTokenRefused, said, f.credentials.Source, settingsPage, f.dataset.byHand())
	case http.StatusForbidden:
		return fault.Request("%w%s: open %s in a browser, signed in, accept its rules if it asks for that, and try again; %s",
			ErrConsent, said, f.dataset.Page(), f.dataset.byHand())
	case http.StatusNotFound, http.StatusGone:
		return fault.Request("%w as %s%s: it may have been removed, renamed or made private: look at %s",
			ErrGone, f.dataset.Ref(), said, f.dataset.Page())
	}
	return f.statusError(resp, said)
}

// statusError is the error of an answer that says nothing of the request.
func (f *fetcher) statusError(resp *http.Response, said string) error {
	err := fmt.Errorf("%s answered %s%s", place(resp.Request.URL), resp.Status, said)
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code == http.StatusTooEarly, code >= 500:
		wait := retryAfter(resp.Header.Get("Retry-After"), f.now())
		if wait > maxWait {
			return fmt.Errorf("%w, and asks to come back in %s: run the same command then, it goes on where it stopped",
				err, wait.Round(time.Second))
		}
		return &brokenError{err: err, wait: wait}
	}
	return err
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}

// maxMessage is the most of a server's own words that an error repeats.
const maxMessage = 200

// message returns what the API says of a refusal, as ` ("...")`.
func message(resp *http.Response) string {
	var body struct {
		Message string `json:"message"`
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil || json.Unmarshal(data, &body) != nil {
		return "" // the status has to do
	}
	words := strings.Join(strings.Fields(body.Message), " ")
	if words == "" {
		return ""
	}
	if len(words) > maxMessage {
		words = strings.ToValidUTF8(words[:maxMessage], "") + "..."
	}
	return fmt.Sprintf(" (%q)", words)
}

// reachError tells a server that was never reached from a conversation that
// broke off.
func reachError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, errStalled) {
			return &brokenError{err: cause}
		}
		return cause
	}
	host := "the server"
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // its text repeats the whole address, signature and all
		if address, perr := url.Parse(u.URL); perr == nil {
			host = address.Host
		}
	}
	_, dns := errors.AsType[*net.DNSError](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	if dns || certificate || isOp && (op.Op == "dial" || op.Op == "proxyconnect") {
		err = fmt.Errorf("%w: %s: %w", ErrUnreachable, host, err)
	} else {
		err = fmt.Errorf("%s: %w", host, err)
	}
	return &brokenError{err: err}
}

// place is an address without its query, which may hold a signature.
func place(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
