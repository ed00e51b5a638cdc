// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// slowOpen opens nothing until it may, or its context ends.
type slowOpen struct {
	started, may chan struct{}
	ended        chan error
	open         atomic.Int64
}

func newSlowOpen() *slowOpen {
	return &slowOpen{started: make(chan struct{}, 9), may: make(chan struct{}), ended: make(chan error, 9)}
}

func (s *slowOpen) do(ctx context.Context, _ string) (Source, error) {
	s.started <- struct{}{}
	select {
	case <-s.may:
		s.open.Add(1)
		s.ended <- nil
		return &counted{open: &s.open}, nil
	case <-ctx.Done():
		s.ended <- ctx.Err()
		return nil, ctx.Err()
	}
}

// TestKeeperLeaves has callers whose contexts end while the source is opened.
func TestKeeperLeaves(t *testing.T) {
	t.Parallel()
	slow := newSlowOpen()
	k := newKeeper(1, slow.do)
	first, leaveFirst := context.WithCancel(t.Context())
	second, leaveSecond := context.WithCancel(t.Context())
	left := make(chan error, 2)
	ask := func(ctx context.Context) {
		_, _, err := k.acquire(ctx, "x")
		left <- err
	}
	go ask(first)
	<-slow.started
	leaveFirst()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that left alone gets %v", err)
	}
	if err := <-slow.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the opening that nobody waits for ends with %v", err)
	}
	go ask(second)
	<-slow.started
	leaveFirst()
	slow.may <- struct{}{}
	<-slow.ended
	if err := <-left; err != nil {
		t.Errorf("the next caller gets %v", err)
	}
	leaveSecond()
	if n := len(k.kept); n != 1 {
		t.Errorf("%d sources are kept, want 1", n)
	}
}

// TestKeeperOutlives has the caller that asked first leave before the others.
func TestKeeperOutlives(t *testing.T) {
	t.Parallel()
	slow := newSlowOpen()
	o := startOpening(t.Context(), "x", slow.do)
	gone, leave := context.WithCancel(t.Context())
	leave()
	<-slow.started
	if _, err := o.wait(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a cancelled context = %v", err)
	}
	close(slow.may)
	if s, err := o.wait(t.Context()); err != nil || s.(*counted).done.Load() {
		t.Errorf("waiting on = %v, %v", s, err)
	}
	if o.abandon(errNobodyWaits) || o.failed() {
		t.Error("what has been opened can be abandoned")
	}
	// A source that comes after all is closed.
	o = &opening{cancel: func(error) {}, done: make(chan struct{})}
	if !o.abandon(errNobodyWaits) {
		t.Error("what has not been opened cannot be abandoned")
	}
	o.run(t.Context(), "x", slow.do)
	if !o.source.(*counted).done.Load() {
		t.Error("an abandoned source stays open")
	}
}

func TestKeeperClosesOpenings(t *testing.T) {
	t.Parallel()
	slow := newSlowOpen()
	k := newKeeper(1, slow.do)
	got := make(chan error, 1)
	go func() {
		_, _, err := k.acquire(t.Context(), "x")
		got <- err
	}()
	<-slow.started
	if err := k.close(); err != nil {
		t.Error(err)
	}
	if err := <-got; !errors.Is(err, errListClosed) {
		t.Errorf("acquiring from a list that is closed = %v", err)
	}
	if n := len(k.kept); n != 0 {
		t.Errorf("%d sources are kept", n)
	}
}

// sharedWith puts an opening in the place of a URI's.
func sharedWith(t *testing.T, uri string, open func(context.Context, string) (Source, error)) *sharedSource {
	t.Helper()
	entry := &sharedSource{opening: startOpening(t.Context(), uri, open)}
	shared.Lock()
	defer shared.Unlock()
	shared.open[sharedKey{uri: uri}] = entry
	return entry
}

func TestSharedLeaves(t *testing.T) {
	t.Parallel()
	uri := filepath.Join(t.TempDir(), "missing.zip")
	slow := newSlowOpen()
	entry := sharedWith(t, uri, slow.do)
	<-slow.started
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := Shared(ctx, uri); !errors.Is(err, context.Canceled) {
		t.Errorf("Shared with a cancelled context = %v", err)
	}
	<-entry.done
	if !errors.Is(entry.err, errNobodyWaits) {
		t.Errorf("the opening that nobody waits for ends with %v", entry.err)
	}
	shared.Lock()
	_, kept := shared.open[sharedKey{uri: uri}]
	shared.Unlock()
	if kept {
		t.Error("an opening that was given up is kept")
	}
	entry = sharedWith(t, uri, slow.do)
	<-slow.started
	Forget(uri)
	<-entry.done
	if !errors.Is(entry.err, errForgotten) {
		t.Errorf("the opening that was forgotten ends with %v", entry.err)
	}
}

// signalContext tells when somebody begins to wait.
type signalContext struct {
	context.Context
	once  sync.Once
	asked chan struct{}
}

func (s *signalContext) Done() <-chan struct{} {
	s.once.Do(func() { close(s.asked) })
	return s.Context.Done()
}

// TestSharedFails has a source that fails to open after another took its place.
func TestSharedFails(t *testing.T) {
	t.Parallel()
	uri := filepath.Join(t.TempDir(), "missing.zip")
	slow := newSlowOpen()
	waits := &signalContext{Context: t.Context(), asked: make(chan struct{})}
	var next *sharedSource
	sharedWith(t, uri, func(context.Context, string) (Source, error) {
		<-waits.asked
		next = sharedWith(t, uri, slow.do)
		return nil, errors.New("no such source")
	})
	_, err := Shared(waits, uri)
	if err == nil {
		t.Error("Shared met the wrong opening")
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.open[sharedKey{uri: uri}] != next {
		t.Errorf("one that failed (%v) took the next with it", err)
	}
}

// TestSpoolWaits waits for somebody else's unpacking.
func TestSpoolWaits(t *testing.T) {
	t.Parallel()
	var set spoolSet
	started, end := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	enough := errors.New("enough")
	go func() {
		_, err := set.acquire(t.Context(), "x", func() (*spool, error) { close(started); <-end; return nil, enough })
		done <- err
	}()
	<-started
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := set.acquire(ctx, "x", func() (*spool, error) { return nil, enough }); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a cancelled context = %v", err)
	}
	close(end)
	if err := <-done; !errors.Is(err, enough) {
		t.Errorf("unpacking = %v", err)
	}
}

// TestTempFile expects a file that is gone when it is closed.
func TestTempFile(t *testing.T) {
	file, err := tempFile()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte("x"), 5); err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(file.Name()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there after closing (%v)", err)
	}
}
