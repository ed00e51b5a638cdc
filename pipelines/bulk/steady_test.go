// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/source"
)

// made is a source whose listing a test makes up: names with "=" and a version.
type made struct {
	names []string
	err   error // after the listing
}

func (m *made) URI() string { return "made" }

func (m *made) List(_ context.Context, yield func(source.Ref) error) error {
	for _, n := range m.names {
		name, version, _ := strings.Cut(n, "=")
		if err := yield(source.Ref{URI: "made", Member: []byte(name), Version: version}); err != nil {
			return err
		}
	}
	return m.err
}

func (m *made) Read(context.Context, source.Ref, int64) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

func (m *made) Close() error { return nil }

// listed returns the names that a source lists.
func listed(t *testing.T, s source.Source) (names []string) {
	t.Helper()
	err := s.List(t.Context(), func(r source.Ref) error {
		names = append(names, string(r.Member))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestSteady(t *testing.T) {
	t.Parallel()
	src := &made{}
	s := newSteady(src, 10*time.Second)
	begin := time.Unix(1000, 0)
	for i, step := range []struct {
		at      int // seconds
		names   string
		want    string
		waiting int64
	}{
		{0, "a=1 b=1", "", 2},
		{9, "a=1 b=1", "", 2}, // too early
		{10, "a=1 b=2 c=1", "a", 2},
		{19, "a=1 b=2 c=2", "a", 2},
		{20, "a=1 b=2 c=2", "a b", 1},
		{29, "a=2 b=2 c=2", "b c", 1}, // replaced
		{39, "b=2 c=2", "b c", 0},     // removed
		{49, "a=2 b=2 c=2", "b c", 1}, // back
		{58, "a=2 b=2 c=2", "b c", 1},
		{59, "a=2 b=2 c=2", "a b c", 0},
		{60, "", "", 0},
		{60, "a=2", "", 1}, // twice at the same moment
		{60, "a=2", "", 1},
		{99, "a=2", "a", 0},
	} {
		src.names = strings.Fields(step.names)
		s.begin(begin.Add(time.Duration(step.at) * time.Second))
		got := strings.Join(listed(t, s), " ")
		if got != step.want || s.waiting != step.waiting || s.listed != int64(len(src.names)) {
			t.Errorf("step %d: %q, %d of %d waiting, want %q, %d of %d", i, got, s.waiting, s.listed, step.want, step.waiting, len(src.names))
		}
	}
	if len(s.seen) != 1 {
		t.Errorf("%d pictures are remembered, want the one that is there", len(s.seen))
	}
}

// TestSteadyErrors: a listing that breaks off forgets nothing, and an error of
// whoever listens is not the source's.
func TestSteadyErrors(t *testing.T) {
	t.Parallel()
	src := &made{names: []string{"a=1", "b=1"}}
	s := newSteady(src, time.Second)
	now := time.Unix(1000, 0)
	s.begin(now)
	listed(t, s)
	src.names, src.err = []string{"a=1"}, errors.New("broken off")
	s.begin(now.Add(time.Second))
	if err := s.List(t.Context(), func(source.Ref) error { return nil }); !errors.Is(err, src.err) || !errors.Is(s.failed, src.err) {
		t.Errorf("error %v, the source's %v, want both", err, s.failed)
	}
	src.names, src.err = []string{"a=1", "b=1"}, nil
	s.begin(now.Add(2 * time.Second))
	if diff := cmp.Diff([]string{"a", "b"}, listed(t, s)); diff != "" {
		t.Errorf("after a listing that broke off (-want +got):\n%s", diff)
	}
	full := errors.New("full")
	s.begin(now.Add(3 * time.Second))
	if err := s.List(t.Context(), func(source.Ref) error { return full }); !errors.Is(err, full) || s.failed != nil {
		t.Errorf("error %v, the source's %v, want the listener's alone", err, s.failed)
	}
}
