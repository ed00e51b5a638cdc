// SPDX-License-Identifier: Apache-2.0

// Package tfevents writes the event files that TensorBoard shows: scalars,
// pictures and text by step. It also reads what it writes.
//
// # Format
//
// An event file is a sequence of TFRecords, each a tensorflow.Event:
//
//	uint64  length of the data, little-endian
//	uint32  masked CRC-32C of these 8 bytes
//	data    the Event as a protocol buffer
//	uint32  masked CRC-32C of the data
//
// The few messages that are needed are encoded field by field, without
// generated code and without TensorFlow. Scalars are simple_value and pictures
// are Summary.Image: TensorBoard's dashboards turn them into tensors as they
// load, and its EventAccumulator, which lists tensors apart, finds both under
// Scalars and Images.
//
// # Resuming
//
// A resumed run writes one more file into the same folder. TensorBoard reads a
// folder's files in the order of their names, so [Create] chooses a name after
// all that are there, whatever the clock says. [Writer.Restart] then has
// readers forget what the broken process wrote beyond its last checkpoint. The
// last record of a killed process may be cut short; readers stop there and go
// on with the next file.
//
// The package imports nothing of this module.
package tfevents
