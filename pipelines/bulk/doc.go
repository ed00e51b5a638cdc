// SPDX-License-Identifier: Apache-2.0

// Package bulk colours whole folders, archives and lists of pictures, wherever
// [source.Open] finds them, into a local folder or zip.
//
// The pipeline is the same on every runner:
//
//	plan files -> references -> Reshuffle -> colour and write -> totals
//
// Only references cross a shuffle. One DoFn reads, decodes, batches, infers,
// joins, encodes and writes; see [inference.Engine]. For an archive the
// references are grouped into parts of about a thousand pictures first, one
// element each.
//
// # What a job leaves behind
//
// A folder as output holds the coloured pictures under their names in the
// input, and beside them report.html, report.json, rejects.jsonl and
// .chromabeam, the job's own records. A zip OUT.zip has these four in a folder
// OUT.zip.report beside it.
//
// The records are job.json (which input, model and settings the job stands
// for), ledger (segments of a line for each picture that was written or
// rejected) and, while a run is under way, plan (which pictures are to be done
// and so which names the job claims), tmp and parts. A run that was killed is
// continued by starting it again, and gives the same pictures as an unbroken
// one: a missing line means that the picture is made again, to the same bytes.
//
// Only names in the job's own plan and ledger are ever overwritten. A name is
// claimed after the driver has seen that nothing is there.
// Reports and archive are the job's once the folder "published" has a file that
// says so, written just before they get their names.
//
// # Names
//
// The name of a coloured picture follows from the name of its source alone, so
// that it is the same on every runner and whatever else lies in the input; see
// outputName.
//
// The entries of a list share the output. Where two of them hold the same name,
// the first in the order of the listing gets it and the others are rejects.
//
// Where the output's file system takes names that differ in case alone for one,
// the first in the order of the input gets it and the others are rejects. Names
// that it takes for one in another way, such as two spellings of an accent, are
// not told apart.
package bulk
