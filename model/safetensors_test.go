// SPDX-License-Identifier: Apache-2.0

package model

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

func sampleTensors() []NamedTensor {
	return []NamedTensor{
		{"z/kernel", tensors.FromFlatDataAndDimensions([]float32{1, -2, 3.5, 4, 5, 6}, 2, 3)},
		{"a/step", tensors.FromScalar(int64(-7))},
		{"a/rng", tensors.FromValue([]uint64{1, 2, 1 << 63})},
		{"a/flag", tensors.FromValue([]bool{true, false, true})},
	}
}

// described renders tensors for comparison.
func described(list []NamedTensor) map[string]string {
	m := make(map[string]string)
	for _, n := range list {
		m[n.Name] = n.Tensor.Shape().String() + " " + n.Tensor.String()
	}
	return m
}

func TestSafetensorsRoundTrip(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "w.safetensors")
	metadata := map[string]string{"step": "12", "note": "ü"}
	for range 2 { // the second replaces the first
		if err := SaveSafetensors(path, sampleTensors(), metadata); err != nil {
			t.Fatal(err)
		}
	}
	got, gotMetadata, err := LoadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(described(sampleTensors()), described(got)); diff != "" {
		t.Errorf("tensors (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(metadata, gotMetadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v (%v), want the file alone", entries, err)
	}
}

// TestSafetensorsLayout pins the format: bytes that another reader gave, but for
// the checksum in the metadata, that of the same bytes with zeros in its place.
func TestSafetensorsLayout(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := SaveSafetensors(path, []NamedTensor{{"x", tensors.FromFlatDataAndDimensions([]float32{1, 2}, 1, 2)}}, nil); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data := []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}
	header := func(sum string) string {
		return `{"__metadata__":{"chromabeam.crc32c":"` + sum + `"},"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}`
	}
	sum := crc32.Checksum(append([]byte(header("00000000")), data...), crc32.MakeTable(crc32.Castagnoli))
	sealed := header(fmt.Sprintf("%08x", sum))
	want := binary.LittleEndian.AppendUint64(nil, uint64(len(sealed)))
	want = append(append(want, sealed...), data...)
	if !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSafetensorsWriteErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tensor := tensors.FromValue([]float32{1})
	tests := []struct {
		name string
		path string
		list []NamedTensor
	}{
		{"missing folder", filepath.Join(dir, "none", "w"), nil},
		{"same name twice", filepath.Join(dir, "w"), []NamedTensor{{"x", tensor}, {"x", tensor}}},
		{"reserved name", filepath.Join(dir, "w"), []NamedTensor{{"__metadata__", tensor}}},
		{"complex numbers", filepath.Join(dir, "w"), []NamedTensor{{"x", tensors.FromValue([]complex64{1})}}},
	}
	for _, tt := range tests {
		if err := SaveSafetensors(tt.path, tt.list, nil); err == nil {
			t.Errorf("%s: no error", tt.name)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("the folder holds %v (%v), want nothing", entries, err)
	}
}

// file puts a header and data together.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestSafetensorsDamage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, want string
		data       []byte
	}{
		{"empty", "the header's length", nil},
		{"long header", "the header's length", append(binary.LittleEndian.AppendUint64(nil, 1<<40), "{}"...)},
		{"negative header", "the header's length", append(binary.LittleEndian.AppendUint64(nil, 1<<63), "{}"...)},
		{"no JSON", "decoding the header", file("{nothing", 0)},
		{"bad metadata", "decoding the metadata", file(`{"__metadata__":{"a":1}}`, 0)},
		{"bad entry", "decoding the header of tensor", file(`{"x":[]}`, 0)},
		{"unknown type", `unknown type "F8"`, file(`{"x":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}`, 1)},
		{"zero side", "is not possible", file(`{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 0)},
		{"negative side", "is not possible", file(`{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4)},
		{"overflow", "is not possible", file(`{"x":{"dtype":"F32","shape":[2000000000,2000000000,2000000000],"data_offsets":[0,4]}}`, 4)},
		{"many axes", "axes", file(`{"x":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}`, 1)},
		{"wrong size", "do not fit", file(`{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4)},
		{"huge", "the tensors take", file(`{"x":{"dtype":"F32","shape":[2000000000,2000000000],"data_offsets":[0,16000000000000000000]}}`, 4)},
		{"overlap", "the one before ends", file(`{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`, 6)},
		{"gap", "the one before ends", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2)},
		{"cut", "the tensors take 4 bytes, the file has 3", file(`{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 3)},
		{"more", "the tensors take 4 bytes, the file has 5", file(`{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 5)},
	}
	dir := t.TempDir()
	for _, tt := range tests {
		path := filepath.Join(dir, tt.name)
		if err := os.WriteFile(path, tt.data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := LoadSafetensors(path)
		if err == nil || !strings.Contains(err.Error(), tt.want) && tt.name != "huge" {
			t.Errorf("%s: got error %v, want one with %q", tt.name, err, tt.want)
		}
	}
	if _, _, err := LoadSafetensors(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}

// FuzzSafetensors reads anything; what it takes must survive being written and
// read again.
func FuzzSafetensors(f *testing.F) {
	f.Add(file(`{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 4))
	f.Add(file(`{"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"y":{"dtype":"I64","shape":[1,2],"data_offsets":[4,20]}}`, 20))
	f.Add(file(`{"x":{"dtype":"F32","shape":[2000000000],"data_offsets":[0,8000000000]}}`, 4))
	f.Add(file(`{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"y":{"dtype":"F16","shape":[1,1],"data_offsets":[4,6]}}`, 6))
	f.Add(file(`{"__metadata__":{"chromabeam.layout":"chromabeam","chromabeam.step":"1","chromabeam.model":`+
		`"{\"format\":1,\"generator\":{\"size\":2,\"in_channels\":1,\"out_channels\":3,\"num_downs\":1,\"filters\":1,\"norm\":\"none\"}}"}}`, 0))
	f.Add([]byte{8, 0, 0, 0, 0, 0, 0, 0})
	path := filepath.Join(f.TempDir(), "w")
	f.Fuzz(func(t *testing.T, data []byte) {
		exported := Source{name: "x", files: fstest.MapFS{"x": {Data: data}}, weights: "x", bare: true}
		if c, err := exported.Config(); err == nil && c.Validate() != nil {
			t.Fatalf("an impossible configuration was read: %+v", c)
		}
		list, metadata, err := readSafetensors(bytes.NewReader(data), int64(len(data)), func(string) bool { return true })
		if err != nil {
			return
		}
		for _, n := range list {
			if n.Name == "" {
				return // ours have names
			}
			widenAndBack(t, n)
		}
		if err := SaveSafetensors(path, list, metadata); err != nil {
			t.Fatalf("writing what was read: %v", err)
		}
		again, _, err := LoadSafetensors(path)
		if err != nil {
			t.Fatalf("reading what was written: %v", err)
		}
		if diff := cmp.Diff(described(list), described(again)); diff != "" {
			t.Errorf("second reading (-first +second):\n%s", diff)
		}
	})
}

// widenAndBack widens a tensor, and narrows it again where it holds numbers: that
// gives the same.
func widenAndBack(t *testing.T, n NamedTensor) {
	t.Helper()
	wide, err := Widen(n.Tensor)
	if err != nil {
		t.Fatalf("widening: %v", err)
	}
	if !wide.Shape().EqualDimensions(n.Tensor.Shape()) {
		t.Fatalf("%s became %s", n.Tensor.Shape(), wide.Shape())
	}
	dtype := n.Tensor.DType()
	if dtype != dtypes.BFloat16 && dtype != dtypes.Float16 {
		return
	}
	back, err := Narrow(wide, dtype)
	if err != nil {
		return // it holds what is no number
	}
	if diff := cmp.Diff(described([]NamedTensor{n}), described([]NamedTensor{{n.Name, back}})); diff != "" {
		t.Errorf("narrowed again (-want +got):\n%s", diff)
	}
}
