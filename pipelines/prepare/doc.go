// SPDX-License-Identifier: Apache-2.0

// Package prepare turns a collection of pictures into a data set of paired
// gray and colour shards.
//
// A job has two passes, each a Beam pipeline, since a picture's key, split and
// copies are known by its bytes alone, which a listing lacks:
//
//  1. plan: list the input into files of some thousand references, hash every
//     picture, and sort the hashes into one plan file a shard (package plan).
//  2. write: read, decode, resize and encode the pictures of each plan file
//     straight into its shard.
//
// Neither pictures nor references to them cross a shuffle, only the names of
// files that hold them: memory does not grow with the number of pictures, but for
// 8 bytes each when extending, some 100 each where near duplicates are looked
// for, and the records of those that are rejected or left out. A
// shard's bytes depend on the pictures and the settings, never on the runner,
// the number of workers, the order of the listing or an interruption: a job that
// is started again keeps what is whole of its plan and every complete shard, and
// ends with the bytes of an unbroken one. What lacks a picture for a transient
// reason, such as a file that could not be opened, counts as neither: the next
// run tries the picture again.
//
// An extension is a part of its own: what its listing has beyond those before
// becomes a plan that leaves out pictures they hold, and new shards. [Repair]
// makes damaged shards again.
//
// The job's own records lie in OUTPUT/.chromabeam: job.json (settings and what
// the input looked like), and for each part N a folder parts/N-HASH with
// listing-00000.jsonl, plan/SPLIT-000000.jsonl and plan/sealed.json; while
// planning, and as long as a picture is to be tried again, runs too.
package prepare

// Failpoints lists the points at which a test may kill a job (see package
// failpoint), in the order in which a job meets them: after each durable step,
// and inside the publishing of each kind of file.
func Failpoints() []string {
	return []string{
		"publish.file.written", "publish.file.synced", "publish.file.renamed", // listing, job, plan, rejects
		"prepare.job.written",
		"prepare.listing.written",
		"prepare.run.written",
		"prepare.plan.written",
		"prepare.plan.sealed",
		"prepare.shard.sample",
		"prepare.shard.written", "prepare.shard.synced", "prepare.shard.renamed",
		"prepare.shard.published",
		"prepare.stats.written", "prepare.stats.synced", "prepare.stats.renamed",
		"prepare.shard.committed",
		"prepare.rejects.written",
		"prepare.info.written", "prepare.info.synced", "prepare.info.renamed",
		"prepare.info.published",
	}
}
