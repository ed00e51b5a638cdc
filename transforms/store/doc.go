// SPDX-License-Identifier: Apache-2.0

// Package store is the folder that a data set lies in: a local folder or a
// prefix of a Google Cloud Storage bucket, behind one interface.
//
// Objects are published as a whole or not at all, and a [Condition] says what
// may be replaced. What a condition is worth differs:
//
//   - On gs:// it is checked by the server in the step that makes the object
//     visible. Any number of jobs may write at once, and each object is wholly
//     one job's.
//   - In a local folder Absent is as good (a hard link never replaces a file),
//     except on file systems without hard links. There, and for Unchanged, the
//     file is looked at and then renamed: this holds against other goroutines
//     of the process, and against other processes only while they respect
//     [Lock].
//
// The package imports neither Beam nor GoMLX.
package store
