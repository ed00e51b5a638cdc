// SPDX-License-Identifier: Apache-2.0

// Package plan says which picture goes into which shard, for any number of
// pictures, in files instead of memory.
//
// A plan is the result of an external sort. Each listing file becomes a run: its
// pictures with the hashes of their bytes, sorted by split and hash
// ([WriteRun]). A [Layout] gives each shard a contiguous range of hashes, so a
// shard's pictures are one short stretch of every run: a [Merger] reads those
// stretches a window at a time, drops exact copies, and writes the shard's plan
// file. When all plan files are there the plan is sealed ([Sealed]).
//
// Nothing grows with the number of pictures but the files: a run is as large as
// its listing file, a window holds some ten thousand pictures, and only the
// names of runs and plan files pass through a pipeline.
//
// The package knows neither Beam nor GoMLX. Package transforms runs it inside
// DoFns.
package plan
