// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package main

import (
	"strings"
	"testing"
)

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
		{"timing training", []string{"chromabeam", "bench", "-json", "train"}, false, true},
		{"timing files", []string{"chromabeam", "bench", "codec"}, false, false},
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

// TestKeepHeap starts the program and looks at what it finds around it.
func TestKeepHeap(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, command string
		env           []string
		want          string
	}{
		{"train", "train", nil, heapSettings},
		{"version", "version", nil, ""},
		{"the user's own", "train", []string{heapVariable + "=glibc.malloc.arena_max=3"}, "glibc.malloc.arena_max=3"},
	}
	for _, tt := range tests {
		cmd, stderr := process(t.Context(), "", []string{tt.command})
		cmd.Env = append(append(cmd.Env, showVariable+"="+heapVariable), tt.env...)
		out, err := cmd.Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
			t.Errorf("%s: %s is %q, %v, want %q\n%s", tt.name, heapVariable, got, err, tt.want, stderr)
		}
	}
}
