// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

const (
	// DefaultBaseURL is the address below which Kaggle's API lies.
	DefaultBaseURL = "https://www.kaggle.com"
	// settingsPage is where a user makes a token.
	settingsPage = "https://www.kaggle.com/settings/api"
	// maxHops is how many redirects a request follows.
	maxHops = 5
)

// newClient returns a client that gives up soon where nobody answers, never
// because a large file takes long, and that follows no redirect by itself.
func newClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		transport = &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: time.Minute,
			ForceAttemptHTTP2:     true,
		}
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// parseBase reads the API's address. Credentials travel to it, so it has to be
// encrypted unless it is on this machine.
func parseBase(address string) (*url.URL, error) {
	if address == "" {
		address = DefaultBaseURL
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fault.Request("reading the API's address %q: %w", address, errors.Unwrap(err))
	}
	local := u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
	if u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, fault.Request("the API's address must begin with https://, or http:// on this machine, got %q", u.Redacted())
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u, nil
}

// isAPI tells whether an address is the API's own, where the credentials belong.
func (f *fetcher) isAPI(u *url.URL) bool {
	return u.Scheme == f.base.Scheme && strings.EqualFold(u.Host, f.base.Host)
}

// get asks for the archive from a byte on, provided that it is still the object
// that validator names; otherwise all of it. It asks the API where the archive
// is, unless an earlier answer is known. The answer's status is 200, 206 or 416.
func (f *fetcher) get(ctx context.Context, offset int64, validator string) (*http.Response, error) {
	target, known := f.object, f.object != nil
	if !known {
		target = f.base.JoinPath("api", "v1", "datasets", "download", f.dataset.Owner, f.dataset.Slug)
	}
	for range maxHops {
		resp, err := f.send(ctx, target, offset, validator)
		if err != nil {
			return nil, err
		}
		if location := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && location != "" {
			_ = resp.Body.Close() // it says nothing
			if target, err = redirected(target, location); err != nil {
				return nil, err
			}
			continue
		}
		if err := f.refusal(resp, known); err != nil {
			_ = resp.Body.Close() // it has been read
			return nil, err
		}
		if !f.isAPI(target) {
			f.object, f.refused = target, 0
		}
		return resp, nil
	}
	return nil, fmt.Errorf("%s: more than %d redirects", f.base.Host, maxHops)
}

func (f *fetcher) send(ctx context.Context, target *url.URL, offset int64, validator string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", place(target), err)
	}
	req.Header.Set("User-Agent", "chromabeam")
	// Without it Go would unpack what a server sends with gzip, and count wrongly.
	req.Header.Set("Accept-Encoding", "identity")
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
		req.Header.Set("If-Range", validator)
	}
	if f.isAPI(target) {
		f.credentials.authorize(req)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, reachError(ctx, err)
	}
	return resp, nil
}

// redirected is where a redirect leads. It does not lead from an encrypted
// connection to an open one.
func redirected(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("%s redirects to an address that cannot be read", place(from))
	}
	if to.Scheme != "https" && (to.Scheme != "http" || from.Scheme == "https") || to.Host == "" {
		return nil, fmt.Errorf("%s redirects to %s, which is not encrypted", place(from), place(to))
	}
	return to, nil
}

// refusal is the error of an answer that brings no part of the archive, nil for
// one that does and for 416. known tells that the request went where an earlier
// one was sent.
func (f *fetcher) refusal(resp *http.Response, known bool) error {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
		if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			return fmt.Errorf("%s answered a page instead of an archive; %s", place(resp.Request.URL), f.dataset.byHand())
		}
		return nil
	case http.StatusRequestedRangeNotSatisfiable:
		return nil
	}
	if f.isAPI(resp.Request.URL) {
		return f.apiError(resp)
	}
	// The storage's own words are XML about a signature.
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // to use the connection again
	err := f.statusError(resp, "")
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
	default:
		return err
	}
	// A signed address expires, and an object goes when there is a new version:
	// the API knows another address.
	f.object = nil
	if f.refused++; f.refused > maxRefused {
		return err
	}
	return &brokenError{err: err, now: known}
}

// maxRefused is how many addresses in a row the storage may refuse.
const maxRefused = 3
