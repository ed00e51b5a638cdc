// SPDX-License-Identifier: Apache-2.0

package model

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

// TestSafetensorsAligned: every tensor lies at a multiple of its type's width,
// whatever the names are.
func TestSafetensorsAligned(t *testing.T) {
	t.Parallel()
	half, err := Narrow(random(1, 3), dtypes.BFloat16)
	if err != nil {
		t.Fatal(err)
	}
	list := []NamedTensor{
		{"a", tensors.FromValue([]bool{true})}, {"b", half}, {"c", tensors.FromScalar(int64(1))}, {"d", random(2, 3)}, {"e", tensors.FromValue([]uint64{5})},
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := SaveSafetensors(path, list, nil); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	text, err := readHeader(f, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	files, _, err := decodeHeader(text, st.Size()-8-int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range files {
		if width := int64(n.shape.DType.Size()); (8+int64(len(text))+n.begin)%width != 0 {
			t.Errorf("%s of %s lies at byte %d of the data", n.name, n.shape, n.begin)
		}
	}
	got, _, err := LoadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(described(list), described(got)); diff != "" {
		t.Errorf("tensors (-want +got):\n%s", diff)
	}
}
