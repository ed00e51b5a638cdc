// SPDX-License-Identifier: Apache-2.0

package wheel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// maxIndexPage is the most that is read of an index's page; the largest of
// PyPI's have some megabytes.
const maxIndexPage = 64 << 20

// locate returns the address of a wheel.
func (f *Fetcher) locate(ctx context.Context, w Wheel) (string, error) {
	if f.Index == "" {
		host := f.Host
		if host == "" {
			host = Host
		}
		return host + "/packages/" + w.Path + "/" + w.File, nil
	}
	page := strings.TrimRight(f.Index, "/") + "/" + w.Project + "/"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return "", fmt.Errorf("reading the index's address: %w", err)
	}
	req.Header.Set("Accept", "application/vnd.pypi.simple.v1+json, text/html;q=0.5")
	resp, err := f.client().Do(req)
	if err != nil {
		return "", reachError(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: answered %s", redact(page), resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxIndexPage))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", redact(page), err)
	}
	// After redirects, links are relative to the page that answered.
	link, err := findLink(body, resp.Header.Get("Content-Type"), w.File)
	if err != nil {
		return "", fmt.Errorf("%s: %w", redact(page), err)
	}
	return resp.Request.URL.ResolveReference(link).String(), nil
}

var hrefs = regexp.MustCompile(`(?is)<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')`)

// findLink returns the address of the named file on an index's page, in HTML
// (PEP 503) or JSON (PEP 691), without its fragment. It may be relative.
func findLink(page []byte, contentType, file string) (*url.URL, error) {
	var links []string
	media, _, err := mime.ParseMediaType(contentType)
	if err == nil && strings.HasSuffix(media, "json") {
		var index struct {
			Files []struct {
				URL string `json:"url"`
			} `json:"files"`
		}
		if err := json.Unmarshal(page, &index); err != nil {
			return nil, fmt.Errorf("reading the index: %w", err)
		}
		for _, f := range index.Files {
			links = append(links, f.URL)
		}
	} else {
		for _, m := range hrefs.FindAllSubmatch(page, -1) {
			links = append(links, html.UnescapeString(string(m[1])+string(m[2])))
		}
	}
	for _, link := range links {
		u, err := url.Parse(link)
		if err != nil || path.Base(u.Path) != file {
			continue
		}
		if u.Scheme != "" && u.Scheme != "https" && u.Scheme != "http" {
			continue
		}
		u.Fragment = ""
		return u, nil
	}
	return nil, errors.New("the index does not list it")
}
