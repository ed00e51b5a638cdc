// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sealed writes a weight file of a few tensors and returns its bytes.
func sealed(t testing.TB, metadata map[string]string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "w.safetensors")
	list := []NamedTensor{{"generator/down_0/kernel", random(1, 3, 4)}, {"generator/up_0/bias", random(2, 5)}}
	if err := SaveSafetensors(path, list, metadata); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// load reads a weight file of the given bytes.
func load(t testing.TB, data []byte) ([]NamedTensor, map[string]string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return LoadSafetensors(path)
}

// TestSealFlips changes every byte of a weight file, in several ways.
func TestSealFlips(t *testing.T) {
	t.Parallel()
	for name, metadata := range map[string]map[string]string{
		"alone": nil, "beside a state": {"chromabeam.train.state": `{"step":3}`}, "foreign": {"a": "b", "z": "y"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := sealed(t, metadata)
			if _, _, err := load(t, good); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "w.safetensors")
			for at := range good {
				for _, mask := range []byte{1, 0x20, 0x80, 0xff} {
					bad := slices.Clone(good)
					bad[at] ^= mask
					if err := os.WriteFile(path, bad, 0o644); err != nil {
						t.Fatal(err)
					}
					if _, _, err := LoadSafetensors(path); !errors.Is(err, ErrDamaged) {
						t.Errorf("byte %d of %d (%q) with mask %#x: got %v, want ErrDamaged", at, len(good), good[at], mask, err)
					}
				}
			}
		})
	}
}

func TestSealCut(t *testing.T) {
	t.Parallel()
	good := sealed(t, nil)
	for size := range good {
		if _, _, err := load(t, good[:size]); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut to %d of %d bytes: got %v, want ErrDamaged", size, len(good), err)
		}
	}
	if _, _, err := LoadSafetensors(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) || errors.Is(err, ErrDamaged) {
		t.Errorf("a missing file gives %v, want os.ErrNotExist and not ErrDamaged", err)
	}
}

// TestSealMetadata gives back what was saved, without the checksum.
func TestSealMetadata(t *testing.T) {
	t.Parallel()
	for _, want := range []map[string]string{{}, {"a": "b", "step": "1"}, {"quote": `"chromabeam.crc32c":"00000000"`}} {
		given := maps.Clone(want)
		list, got, err := load(t, sealed(t, given))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, given); diff != "" {
			t.Errorf("the caller's map was changed (-want +got):\n%s", diff)
		}
		if len(list) != 2 {
			t.Errorf("%d tensors, want 2", len(list))
		}
	}
}

// TestSealMissing takes files of other programs, which have no checksum: with
// metadata of their own, and without any.
func TestSealMissing(t *testing.T) {
	t.Parallel()
	for _, header := range []string{
		`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`,
		`{"__metadata__":{"format":"pt","crc32c":"00000000"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`,
		`{"__metadata__":{"chromabeam.train.state":"{}"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`,
	} {
		for len(header)%8 != 0 {
			header += " "
		}
		file := append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header...)
		list, _, err := load(t, append(file, 0, 0, 0x80, 0x3f))
		if err != nil || len(list) != 1 {
			t.Errorf("%s: got %d tensors, %v, want it accepted", header, len(list), err)
		}
	}
}

// TestLoadPart: what is not kept is checked all the same.
func TestLoadPart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.safetensors")
	good := sealed(t, nil)
	if err := os.WriteFile(path, good, 0o644); err != nil {
		t.Fatal(err)
	}
	all, _, err := LoadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	last := all[len(all)-1].Name
	part, _, err := loadSafetensors(path, func(name string) bool { return name == last })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(described(all[len(all)-1:]), described(part)); diff != "" {
		t.Errorf("part (-want +got):\n%s", diff)
	}
	good[len(good)-1] ^= 1
	if err := os.WriteFile(path, good, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := loadSafetensors(path, func(string) bool { return false }); !errors.Is(err, ErrDamaged) {
		t.Errorf("a damaged file of which nothing is kept: %v, want %v", err, ErrDamaged)
	}
}
