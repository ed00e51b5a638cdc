// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

func TestIdentify(t *testing.T) {
	t.Setenv(emulatorHost, "")
	const user = `{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":"c"}`
	tests := []struct {
		name, content string
		want          error
	}{
		{"a user's", user, nil},
		{"broken", `{"type":`, ErrDenied},
		{"of no known type", `{"type":"other"}`, ErrDenied},
		{"missing", "", ErrDenied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "credentials.json")
			if tt.content != "" {
				if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
			c, err := dial(t.Context(), "")
			if !errors.Is(err, tt.want) || (c != nil) != (tt.want == nil) {
				t.Errorf("dial = %v, %v, want error %v", c, err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), "gcloud auth") {
				t.Errorf("%v gives no advice", err)
			}
		})
	}
}

func TestAnonymousClient(t *testing.T) {
	t.Setenv(emulatorHost, "")
	// With these the client would fail, if it looked at them.
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	if _, err := newClient(t.Context(), option.WithoutAuthentication()); err != nil {
		t.Error(err)
	}
}

func TestOneClientAnEndpoint(t *testing.T) {
	gcstest.Start(t)
	first, err := connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The context of the call that makes the client may end.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	again, err := connect(ctx)
	if err != nil || again.client != first.client {
		t.Errorf("connect = %v, %v, want the same client", again, err)
	}
	gcstest.Start(t)
	other, err := connect(ctx)
	if err != nil || other.client == first.client {
		t.Errorf("connect = %v, %v, want another client for another endpoint", other, err)
	}
	if err := List(t.Context(), "no-such-bucket", "", nil); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("List = %v, want an answer", err)
	}
}

func TestTransient(t *testing.T) {
	t.Parallel()
	answer := func(code int) error { return fmt.Errorf("reading: %w", &googleapi.Error{Code: code}) }
	tests := []struct {
		err  error
		want bool
	}{
		{nil, false},
		{answer(http.StatusTooManyRequests), true},
		{answer(http.StatusRequestTimeout), true},
		{answer(http.StatusInternalServerError), true},
		{answer(http.StatusServiceUnavailable), true},
		{answer(http.StatusBadRequest), false},
		{answer(http.StatusForbidden), false},
		{answer(http.StatusNotFound), false},
		{answer(http.StatusPreconditionFailed), false},
		{&url.Error{Op: "Get", URL: "x", Err: syscall.ECONNRESET}, true},
		{&url.Error{Op: "Get", URL: "x", Err: io.EOF}, true},
		{&url.Error{Op: "Get", URL: "x", Err: context.Canceled}, false},
		{fmt.Errorf("a: %w", io.ErrUnexpectedEOF), true},
		{errors.New("stream error: stream ID 7; INTERNAL_ERROR"), true},
		{context.Canceled, false},
		{context.DeadlineExceeded, false},
		{io.EOF, false},
		{ErrConflict, false},
		{ErrChanged, false},
	}
	for _, tt := range tests {
		if got := Transient(tt.err); got != tt.want {
			t.Errorf("Transient(%v) = %t, want %t", tt.err, got, tt.want)
		}
	}
}
