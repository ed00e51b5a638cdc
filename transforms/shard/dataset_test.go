// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

func TestDataset(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	info := dataset(t, dir, 120)
	d, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(info, d.Info()); diff != "" {
		t.Errorf("Info (-want +got):\n%s", diff)
	}
	byKey := map[string]Sample{}
	for _, s := range samples(t, 120) {
		byKey[s.Key] = s
	}
	seen := 0
	var wg sync.WaitGroup
	for _, split := range []string{Train, Val, Test} {
		s, err := d.Split(split)
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := info.Split(split); s.Len() != want.Samples || s.Name() != split {
			t.Errorf("%s: Len = %d, want %d", split, s.Len(), want.Samples)
		}
		seen += s.Len()
		for i := range s.Len() {
			if i > 0 && s.Key(i) <= s.Key(i-1) {
				t.Errorf("%s: keys out of order at %d", split, i)
			}
			wg.Go(func() {
				got, err := s.Sample(i)
				if err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(byKey[s.Key(i)], got); diff != "" {
					t.Errorf("Sample(%d) (-want +got):\n%s", i, diff)
				}
			})
		}
	}
	wg.Wait()
	if seen != 120 {
		t.Errorf("the splits hold %d samples, want 120", seen)
	}
	if _, err := d.Split("none"); !fault.IsRequest(err) {
		t.Errorf("Split(none) = %v, want a request error", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenBad(t *testing.T) {
	t.Parallel()
	if _, err := Open(t.Context(), t.TempDir()); !fault.IsRequest(err) {
		t.Errorf("Open of an empty folder = %v, want a request error", err)
	}
	tests := []struct {
		name   string
		change func(t *testing.T, dir string)
		want   string
	}{
		{"missing shard", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, Name(Train, 0))); err != nil {
				t.Fatal(err)
			}
		}, "file does not exist"},
		{"cut shard", func(t *testing.T, dir string) {
			edit(t, dir, Name(Train, 0), func(b []byte) []byte { return b[:580] }) // inside the first picture
		}, "unexpected EOF"},
		{"cut between samples", func(t *testing.T, dir string) {
			edit(t, dir, Name(Train, 0), func(b []byte) []byte { return b[:1024] })
		}, "missing .gray.png, .json"},
		{"samples lost", func(t *testing.T, dir string) {
			edit(t, dir, Name(Train, 0), func([]byte) []byte { return tarBytes(t, samples(t, 2)) })
		}, "it holds 2 samples, dataset_info.json says 20"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			dataset(t, dir, 60)
			tt.change(t, dir)
			d, err := Open(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = d.Close() }()
			if _, err := d.Split(Train); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Split = %v, want %q", err, tt.want)
			}
		})
	}
}
