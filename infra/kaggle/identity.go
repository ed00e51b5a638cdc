// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
)

// identity says which object an archive's bytes are of.
type identity struct {
	Dataset string `json:"dataset"`
	// Object is the storage's address without its signature.
	Object string `json:"object"`
	// ETag and LastModified are the server's, empty where it gave none.
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
	// Size is in bytes, -1 where the server did not say.
	Size int64 `json:"size"`
	// MD5 and CRC32C are of the whole archive, in hexadecimal digits, empty where
	// the server gave none.
	MD5    string `json:"md5,omitempty"`
	CRC32C string `json:"crc32c,omitempty"`
}

// identify reads an answer's headers. The answer is of status 200 or 206.
func identify(d Dataset, resp *http.Response) identity {
	id := identity{
		Dataset: d.Ref(), Object: place(resp.Request.URL), Size: resp.ContentLength,
		ETag: resp.Header.Get("ETag"), LastModified: resp.Header.Get("Last-Modified"),
	}
	if resp.StatusCode == http.StatusPartialContent {
		_, id.Size, _ = contentRange(resp.Header.Get("Content-Range"))
	} else {
		// In a partial answer it would be the part's.
		id.MD5 = digest(resp.Header.Get("Content-MD5"), 16)
	}
	for _, line := range resp.Header.Values("X-Goog-Hash") {
		for item := range strings.SplitSeq(line, ",") {
			switch name, value, _ := strings.Cut(strings.TrimSpace(item), "="); name {
			case "md5":
				id.MD5 = digest(value, 16)
			case "crc32c":
				id.CRC32C = digest(value, 4)
			}
		}
	}
	return id
}

// digest turns base64 into hexadecimal digits; what is no digest of that many
// bytes into nothing.
func digest(value string, size int) string {
	sum, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(sum) != size {
		return ""
	}
	return hex.EncodeToString(sum)
}

// contentRange reads "bytes 5-9/10" as 5 and 10; a total of "*" is -1.
func contentRange(value string) (first, total int64, ok bool) {
	var last int64
	if n, err := fmt.Sscanf(value, "bytes %d-%d/%d", &first, &last, &total); err == nil && n == 3 {
		return first, total, first >= 0 && last >= first && total > last
	}
	if n, err := fmt.Sscanf(value, "bytes %d-%d/*", &first, &last); err == nil && n == 2 {
		return first, -1, first >= 0 && last >= first
	}
	return 0, -1, false
}

// validator is what a request for the rest of the object names it by, empty
// where the rest cannot be asked for: a weak ETag does not promise equal bytes.
func (id identity) validator() string {
	if id.ETag != "" && !strings.HasPrefix(id.ETag, "W/") {
		return id.ETag
	}
	return id.LastModified
}

// continues tells whether a partial answer of identity next is of the same
// object. A server may leave out of it what it said before.
func (id identity) continues(next identity) bool {
	same := func(a, b string) bool { return a == b || b == "" }
	return id.Object == next.Object && same(id.ETag, next.ETag) && same(id.LastModified, next.LastModified) &&
		same(id.MD5, next.MD5) && same(id.CRC32C, next.CRC32C) && (id.Size == next.Size || next.Size < 0)
}
