// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

const scheme = "gs://"

// IsURL reports whether s begins with "gs://".
func IsURL(s string) bool { return strings.HasPrefix(s, scheme) }

// URL names an object, a prefix of objects or, with an empty Object, a bucket.
type URL struct {
	Bucket string
	// Object is the name inside the bucket, literally.
	Object string
}

// ParseURL splits "gs://bucket/object" at the first "/" after the bucket.
// Nothing is decoded. A bucket whose name does not have the form that the
// service's rules give it is a [fault.RequestError].
func ParseURL(s string) (URL, error) {
	rest, ok := strings.CutPrefix(s, scheme)
	if !ok {
		return URL{}, fault.Request("%q must begin with %q", s, scheme)
	}
	bucket, object, _ := strings.Cut(rest, "/")
	if err := checkBucket(bucket); err != nil {
		return URL{}, fault.Request("parsing %q: %v", s, err)
	}
	return URL{Bucket: bucket, Object: object}, nil
}

// String returns the form that ParseURL takes.
func (u URL) String() string {
	if u.Object == "" {
		return scheme + u.Bucket
	}
	return scheme + u.Bucket + "/" + u.Object
}

func checkBucket(bucket string) error {
	if len(bucket) < 3 || len(bucket) > 222 {
		return fmt.Errorf("the bucket's name must have 3 to 222 characters, got %d", len(bucket))
	}
	for _, c := range bucket {
		letter := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("-_.", c) {
			return fmt.Errorf("the bucket's name must consist of a-z, 0-9, '-', '_' and '.', got %q", c)
		}
	}
	for _, end := range []byte{bucket[0], bucket[len(bucket)-1]} {
		if strings.IndexByte("-_.", end) >= 0 {
			return fmt.Errorf("the bucket's name must begin and end with a letter or a digit, got %q", end)
		}
	}
	for part := range strings.SplitSeq(bucket, ".") {
		if part == "" || len(part) > 63 {
			return fmt.Errorf("between dots the bucket's name must have 1 to 63 characters, got %d", len(part))
		}
	}
	if _, err := netip.ParseAddr(bucket); err == nil {
		return errors.New("the bucket's name must not be an IP address")
	}
	return nil
}
