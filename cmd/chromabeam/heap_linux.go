// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package main

import (
	"os"
	"slices"
	"syscall"
)

// heapVariable is how glibc takes settings of its allocator, and heapSettings
// are those for training: memory that is given back stays with the process.
//
// XLA's CPU back end takes the buffers of every step from there, hundreds of
// megabytes. By default they go back to the kernel after each step and come
// again a page fault at a time: an L1 step at 64 pixels and batch 8 took 288 ms,
// 202 with these settings, and one at 256 pixels and batch 4 1,074 and 892 ms,
// at the same peak of memory, which then grew by a quarter over a hundred steps.
// One arena for all threads (arena_max=1) keeps that down, but a wgan-gp step took
// 1,040 ms with it and 950 without. Bulk and demo are left alone. Who sets the
// variable, to whatever, is left alone too.
const (
	heapVariable = "GLIBC_TUNABLES"
	heapSettings = "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=9223372036854775807:" +
		"glibc.malloc.top_pad=67108864"
)

// keepHeap starts the program again with the settings where its command trains.
// They are read before any code of ours runs.
func keepHeap(args []string) {
	if !wantsHeap(args, os.LookupEnv) {
		return
	}
	self, err := os.Executable()
	if err != nil {
		return // training is slower without, and no worse
	}
	_ = syscall.Exec(self, args, append(os.Environ(), heapVariable+"="+heapSettings)) //nolint:gosec // itself, as it was called
}

// wantsHeap tells whether a command trains in a process that has neither the
// settings nor others that its user chose.
func wantsHeap(args []string, lookup func(string) (string, bool)) bool {
	_, set := lookup(heapVariable)
	trains := len(args) > 1 && (args[1] == "train" || args[1] == "bench" && slices.Contains(args[2:], "train"))
	return trains && !set
}
