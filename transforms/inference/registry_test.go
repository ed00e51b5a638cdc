// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/modeltest"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

const bucketWeights = "run/checkpoints/step-00000001.safetensors"

// bucketModel puts a run folder into a bucket, and returns settings for it there and
// for the folder.
func bucketModel(t *testing.T) (s *gcstest.Server, remote, local Settings) {
	t.Helper()
	s = gcstest.Start(t)
	run := modeltest.Tiny(t)
	err := fs.WalkDir(os.DirFS(run), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(run, name))
		s.Put("models", "run/"+name, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	remote, local = settings(), settings()
	remote.Model, local.Model = "gs://models/run", run
	remote.Backend, local.Backend = model.BackendGo, model.BackendGo
	return s, remote, local
}

// TestLeaseFromBucket: as many instances as a worker may have download a model once,
// and colour as the folder does.
func TestLeaseFromBucket(t *testing.T) {
	s, remote, local := bucketModel(t)
	data := jpegOf(t, slope(100, 70))
	e, giveBack, err := Lease(t.Context(), local)
	if err != nil {
		t.Fatal(err)
	}
	want, err := e.Colorize(t.Context(), data, FormatJPEG)
	if err := errors.Join(err, giveBack()); err != nil {
		t.Fatal(err)
	}
	hash := e.Hash()
	before := s.BytesRead()
	var all, leased sync.WaitGroup
	leased.Add(8)
	for range 8 {
		all.Go(func() {
			e, giveBack, err := Lease(t.Context(), remote)
			leased.Done()
			if err != nil {
				t.Error(err)
				return
			}
			got, err := e.Colorize(t.Context(), data, FormatJPEG)
			if err != nil || !bytes.Equal(got, want) || e.Hash() != hash {
				t.Errorf("hash %s and %d bytes (%v), want %s and %d", e.Hash(), len(got), err, hash, len(want))
			}
			leased.Wait() // the last one to give back closes the engine
			if err := giveBack(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	weights, ok := s.Get("models", bucketWeights)
	if read := s.BytesRead() - before; !ok || read > int64(len(weights))+1000 {
		t.Errorf("%d bytes were read of a model of %d", read, len(weights))
	}
}

// TestLeaseCancelled: who does not want to wait for a model any more does not make
// others lose it.
func TestLeaseCancelled(t *testing.T) {
	s, remote, _ := bucketModel(t)
	began, goOn := make(chan struct{}), make(chan struct{})
	s.Inject(gcstest.Fault{Op: gcstest.OpRead, Object: bucketWeights, Then: func() { close(began); <-goOn }})
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error), make(chan error)
	go func() {
		_, _, err := Lease(ctx, remote)
		first <- err
	}()
	<-began
	go func() {
		_, giveBack, err := Lease(t.Context(), remote)
		if err == nil {
			err = giveBack()
		}
		second <- err
	}()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), `opening model "gs://models/run"`) {
		t.Errorf("a lease that was cancelled: %v", err)
	}
	close(goOn)
	if err := <-second; err != nil {
		t.Error(err)
	}
}

// TestLeaseAgain: what could not be loaded is loaded by the next who asks.
func TestLeaseAgain(t *testing.T) {
	s, remote, _ := bucketModel(t)
	s.Inject(gcstest.Fault{Op: gcstest.OpRead, Object: bucketWeights, Kind: gcstest.Denied})
	for _, want := range []string{"access denied", ""} {
		_, giveBack, err := Lease(t.Context(), remote)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := giveBack(); err != nil {
			t.Error(err)
		}
	}
}
