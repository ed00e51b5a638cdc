// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package model

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCUDAData(t *testing.T) {
	t.Parallel()
	tests := []struct {
		folders []string
		want    string
	}{
		{nil, ""},
		{[]string{"cudnn"}, ""},
		{[]string{"cuda_nvcc"}, "cuda_nvcc"},
		{[]string{"cu13"}, "cu13"},
		{[]string{"cuda_nvcc", "cu13"}, "cu13"},
	}
	for _, tt := range tests {
		nvidia := t.TempDir()
		for _, name := range tt.folders {
			if err := os.Mkdir(filepath.Join(nvidia, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		want := ""
		if tt.want != "" {
			want = filepath.Join(nvidia, tt.want)
		}
		if got := cudaData(nvidia); got != want {
			t.Errorf("%v: got %q, want %q", tt.folders, got, want)
		}
	}
}
