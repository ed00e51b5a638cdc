// SPDX-License-Identifier: Apache-2.0

// Package gcstest runs a server that behaves like Google Cloud Storage, for
// tests: an existing fake behind a handler that adds what it lacks, which is
// conditions on deletions, resumable uploads that survive lost answers, pages of
// at most 1,000 objects, and faults on demand. [NewSynthetic] serves a bucket of
// any number of objects that nobody stores.
//
// The storage client in package gcs is chosen by STORAGE_EMULATOR_HOST at the
// time of a call, so tests of two servers in one process must not overlap.
package gcstest
