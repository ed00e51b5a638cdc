// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestWantsHeap(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		set  bool
		want bool
	}{
		{"train", []string{"chromabeam", "train", "-recipe", "6.1"}, false, true},
		{"train again", []string{"chromabeam", "train", "-recipe", "6.1"}, true, false},
		{"bulk", []string{"chromabeam", "bulk"}, false, false},
		{"no command", []string{"chromabeam"}, false, false},
		{"no arguments", nil, false, false},
	}
	for _, tt := range tests {
		lookup := func(name string) (string, bool) { return "", tt.set && name == heapVariable }
		if got := wantsHeap(tt.args, lookup); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
