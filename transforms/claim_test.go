// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"errors"
	"io"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// TestClaim: who has been overtaken, and who has been told to stop, writes no more.
func TestClaim(t *testing.T) {
	t.Parallel()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) store.Info {
		t.Helper()
		info, err := st.Publish(t.Context(), name, store.Anything(), func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := put("job.json", "1")
	claims := map[string]Claim{
		"none": {}, "latest": {Name: "job.json", Version: first.Version}, "other": {Name: "job.json", Version: "another"},
		"missing": {Name: "none.json"}, "stoppable": {Stop: "stop/1"}, "both": {Name: "job.json", Version: first.Version, Stop: "stop/1"},
	}
	check := func(when string, want map[string]error) {
		t.Helper()
		for name, c := range claims {
			if err := c.Check(t.Context(), st); !errors.Is(err, want[name]) {
				t.Errorf("%s, %s: Check = %v, want %v", when, name, err, want[name])
			}
			if _, err := c.Condition(t.Context(), st, "x"); !errors.Is(err, want[name]) {
				t.Errorf("%s, %s: Condition = %v, want %v", when, name, err, want[name])
			}
		}
	}
	check("before", map[string]error{"other": ErrTakenOver, "missing": ErrTakenOver})
	put("stop/1", "")
	check("stopped", map[string]error{"other": ErrTakenOver, "missing": ErrTakenOver, "stoppable": ErrStopped, "both": ErrStopped})
}

// TestLateAttempt: of two attempts at the same work, the one that ends later leaves what
// the other has made, also in a folder. The same bytes are no conflict.
func TestLateAttempt(t *testing.T) {
	t.Parallel()
	const name = "train-000000.tar"
	for _, tt := range []struct {
		name, before, meanwhile, mine, want string
		err                                 error
	}{
		{"alone", "", "", "mine", "mine", nil},
		{"alone, again", "old", "", "mine", "mine", nil},
		{"the same bytes", "", "same", "same", "same", nil},
		{"other bytes", "", "other", "mine", "other", store.ErrConflict},
		{"other bytes, again", "old", "other", "mine", "other", store.ErrConflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st, err := store.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			put := func(text string) {
				_, err := st.Publish(t.Context(), name, store.Anything(), func(w io.Writer) error {
					_, err := io.WriteString(w, text)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if tt.before != "" {
				put(tt.before)
			}
			err = Claim{}.publish(t.Context(), st, name, func(w io.Writer) error {
				if tt.meanwhile != "" {
					put(tt.meanwhile)
				}
				_, err := io.WriteString(w, tt.mine)
				return err
			})
			got, readErr := st.ReadFile(t.Context(), name)
			if !errors.Is(err, tt.err) || readErr != nil || string(got) != tt.want {
				t.Errorf("publish = %v, want %v; the object is %q, %v, want %q", err, tt.err, got, readErr, tt.want)
			}
		})
	}
}
