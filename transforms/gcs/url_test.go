// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/api/googleapi"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in      string
		want    URL
		wantErr bool
	}{
		{in: "gs://bucket", want: URL{"bucket", ""}},
		{in: "gs://bucket/", want: URL{"bucket", ""}},
		{in: "gs://bucket/a/b.png", want: URL{"bucket", "a/b.png"}},
		{in: "gs://bucket//a", want: URL{"bucket", "/a"}},
		{in: "gs://my-bucket_1.example.org/x", want: URL{"my-bucket_1.example.org", "x"}},
		{in: "gs://bucket/a#b?c=d%20e &f", want: URL{"bucket", "a#b?c=d%20e &f"}},
		{in: "gs://bucket/ä\n日本/%", want: URL{"bucket", "ä\n日本/%"}}, //nolint:gosmopolitan // names may be in any script
		{in: "gs://", wantErr: true},
		{in: "gs:///a", wantErr: true},
		{in: "gs://ab/a", wantErr: true},
		{in: "gs://Bucket/a", wantErr: true},
		{in: "gs://bu cket/a", wantErr: true},
		{in: "gs://bucket?x/a", wantErr: true},
		{in: "gs://-bucket/a", wantErr: true},
		{in: "gs://bucket-/a", wantErr: true},
		{in: "gs://.bucket/a", wantErr: true},
		{in: "gs://bucket./a", wantErr: true},
		{in: "gs://_bucket/a", wantErr: true},
		{in: "gs://buc..ket/a", wantErr: true},
		{in: "gs://192.168.5.4/a", wantErr: true},
		{in: "gs://" + strings.Repeat("b", 63) + "/a", want: URL{strings.Repeat("b", 63), "a"}},
		{in: "gs://" + strings.Repeat("b", 64) + "/a", wantErr: true},
		{in: "gs://" + strings.Repeat("b", 63) + ".org/a", want: URL{strings.Repeat("b", 63) + ".org", "a"}},
		{in: "gs://my." + strings.Repeat("b", 64) + ".org/a", wantErr: true},
		{in: "s3://bucket/a", wantErr: true},
		{in: "/folder", wantErr: true},
	}
	for _, tt := range tests {
		got, err := ParseURL(tt.in)
		if (err != nil) != tt.wantErr || got != tt.want {
			t.Errorf("ParseURL(%q) = %+v, %v, want %+v, error %t", tt.in, got, err, tt.want, tt.wantErr)
		}
		if err != nil && !fault.IsRequest(err) {
			t.Errorf("ParseURL(%q): %v is no request error", tt.in, err)
		}
	}
}

// What the service refuses for good is no denial, no absence and not transient.
func TestInvalid(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusBadRequest, http.StatusRequestURITooLong} {
		err := explain("reading", bucket, "x", &googleapi.Error{Code: code})
		if !errors.Is(err, ErrInvalid) || Transient(err) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%d: %v", code, err)
		}
	}
	for _, code := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable} {
		if err := explain("reading", bucket, "x", &googleapi.Error{Code: code}); errors.Is(err, ErrInvalid) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"gs://bucket/a#b", "gs://bucket", "gs://b-_.ucket//%2F?", "gs://ab/", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURL(s)
		if err != nil {
			return
		}
		if !IsURL(s) {
			t.Fatalf("%q was parsed without its scheme", s)
		}
		again, err := ParseURL(u.String())
		if err != nil || again != u {
			t.Fatalf("%q is %+v, which reads again as %+v, %v", s, u, again, err)
		}
		if got := u.String(); got != s && got+"/" != s {
			t.Fatalf("%q came back as %q", s, got)
		}
	})
}
