// SPDX-License-Identifier: Apache-2.0

// Package transforms holds the Beam composites and registered DoFns that the
// pipelines share, one transform a file with its registration on top.
//
// References to pictures cross a shuffle, pixels never do: each DoFn that
// needs pixels reads them itself. Runners give a DoFn one goroutine, so each
// brings a bounded pool; elements are emitted from Beam's own goroutine only.
// Every DoFn is registered by pointer and carries its configuration in
// exported fields, since it reaches workers as JSON.
//
// The package imports no GoMLX; the one transform that runs a network lies in
// transforms/inference.
package transforms
