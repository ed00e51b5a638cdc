// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRejectOf(t *testing.T) {
	t.Parallel()
	cause := errors.New("unexpected EOF")
	tests := []struct {
		name string
		err  error
		want Reject
	}{
		{"picture", Picture(StageDecode, "0 bytes"), Reject{Source: "a.png", Stage: StageDecode, Reason: "0 bytes"}},
		{"wrapped", fmt.Errorf("reading: %w", &PictureError{Stage: StageRead, Reason: "cut", Transient: true, Err: cause}),
			Reject{Source: "a.png", Stage: StageRead, Reason: "cut: unexpected EOF", Transient: true}},
		{"unknown", cause, Reject{Source: "a.png", Stage: StageWrite, Reason: "unexpected EOF", Transient: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, RejectOf("a.png", StageWrite, tt.err)); diff != "" {
				t.Errorf("RejectOf (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	cause := errors.New("no pictures")
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"request", Request("opening %q: %w", "x", cause), true},
		{"wrapped request", fmt.Errorf("preparing: %w", AsRequest(cause)), true},
		{"plain", cause, false},
		{"nil", AsRequest(nil), false},
	}
	for _, tt := range tests {
		if got := IsRequest(tt.err); got != tt.want {
			t.Errorf("%s: IsRequest = %v, want %v", tt.name, got, tt.want)
		}
	}
	if !errors.Is(Request("opening: %w", cause), cause) {
		t.Error("Request hides its cause")
	}
}
