// SPDX-License-Identifier: Apache-2.0

// Package shard reads and writes data sets of paired pictures.
//
// A data set is a folder of WebDataset tar files, SPLIT-000000.tar. A tar
// holds for each picture KEY.gray.png (8-bit, one channel), KEY.color.png (RGB)
// and KEY.json (a [Meta]), sorted by key; KEY is the hash of the source's
// bytes. Headers are plain USTAR with zero times, fixed modes and no owners:
// the same pictures give the same bytes on every machine.
//
// Beside each tar lies SPLIT-000000_stats.json ([Stats]), written after it: a
// tar counts only if its stats are there. dataset_info.json ([Info]) describes
// the whole, rejects.jsonl lists the pictures that could not be used.
//
// The package imports neither Beam nor GoMLX: pipelines write data sets,
// training reads them.
package shard
