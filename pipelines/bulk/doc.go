// SPDX-License-Identifier: Apache-2.0

// Package bulk colours whole folders, archives and lists of pictures, wherever
// [source.Open] finds them, into a folder, a .zip or a .tar, local or under gs://.
//
// The pipeline is the same on every runner:
//
//	plan files -> references -> Reshuffle -> colour and write -> totals
//
// Only references cross a shuffle. One DoFn reads, decodes, batches, infers,
// joins, encodes and writes; see [inference.Engine]. For an archive the
// references are grouped into parts of about a thousand pictures first, one
// element each; the driver merges the parts, and what stays of an archive of an
// earlier run, in the order of names, each read once from its beginning to its
// end.
//
// # What a job leaves behind
//
// A folder as output holds the coloured pictures under their names in the
// input, and beside them report.html, report.json, rejects.jsonl and
// .chromabeam, the job's own records. An archive OUT.zip has these four in a
// folder OUT.zip.report beside it. Under gs:// a folder is a prefix.
//
// The records are job.json (which input, model and settings the job stands
// for), ledger (segments of a line for each picture that was written, left or
// rejected; many small ones are merged), thumbs (what the page shows) and, while
// a run is under way, plan (which pictures are to be done and so which names the
// job claims), tmp and parts. A run that was killed is
// continued by starting it again, and gives the same pictures as an unbroken
// one: a missing line means that the picture is made again, to the same bytes.
// In memory a picture takes 100 to 140 bytes while the job runs, and 170 to 220
// while the input is listed.
//
// Only names in the job's own plan and ledger are ever overwritten. A name is
// claimed after the driver has seen that nothing is there; what has come there
// since stays, and makes the picture a reject.
// Reports and archive are the job's once the folder "published" has a file that
// says so, written just before they get their names.
//
// A second run lists input and output once, and asks for nothing picture by
// picture under gs://. A coloured picture that is gone from an output folder is
// made again, and so is one that another has changed: its size differs, or under
// gs:// its generation. Its name is the job's.
//
// # One job an output
//
// A local output is locked by the process that writes it; another one is refused
// at once. Under gs:// job.json is the claim: a job that is started while another
// is under way replaces it and so takes the output over, and the other stops
// before its next segment, part or report, with [transforms.ErrTakenOver]. What
// it still writes cannot harm: an object is published under the condition that
// what was listed there is unchanged, or nothing. If the condition does not hold,
// the same bytes count as done, and others make the picture a reject.
//
// # Watching, trying, looking
//
// With Options.Watch a job goes on round by round, see [Watcher]: each round is
// the pipeline above over what is new. [DryRun] lists, compares and measures, and
// writes nothing; with Options.Sample [Run] colours some pictures from all over
// the input and tells how long all of them would take. Options.MetricsAddr serves
// the state of the engine to Prometheus, and profiles.
//
// # Names
//
// The name of a coloured picture follows from the name of its source alone, so
// that it is the same on every runner and whatever else lies in the input; see
// naming.output.
//
// The entries of a list share the output. Where two of them hold the same name,
// the first in the order of the listing gets it and the others are rejects.
//
// Where the output's file system takes names that differ in case alone for one,
// the first in the order of the input gets it and the others are rejects. Names
// that it takes for one in another way, such as two spellings of an accent, are
// rejects once the first of them is written.
package bulk
