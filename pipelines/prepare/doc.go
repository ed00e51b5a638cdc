// SPDX-License-Identifier: Apache-2.0

// Package prepare turns a collection of pictures into a data set of paired
// gray and colour shards.
//
// A job has two passes, each a Beam pipeline, since a picture's key, split and
// copies are known by its bytes alone, which a listing lacks:
//
//  1. plan: list the input into files of a few thousand references, hash every
//     picture, group the hashes by shard, and write one plan file a shard.
//  2. write: read, decode, resize and encode the pictures of each plan file
//     straight into its shard.
//
// Only references cross a shuffle. A shard's bytes depend on the pictures and
// the settings, never on the runner, the number of workers, the order of the
// listing or an interruption: a job that is started again keeps a sealed plan
// and every complete shard, and ends with the bytes of an unbroken one. What
// lacks a picture for a transient reason, such as a file that could not be
// opened, counts as neither: the next run tries the picture again.
//
// The job's own records lie in OUTPUT/.chromabeam: job.json (settings and what
// the input looked like), listing-00000.jsonl, plan/SPLIT-000000.jsonl and
// plan/sealed.json.
package prepare

// Failpoints lists the points at which a test may kill a job (see package
// failpoint), in the order in which a job meets them: after each durable step,
// and inside the publishing of each kind of file.
func Failpoints() []string {
	return []string{
		"publish.file.written", "publish.file.synced", "publish.file.renamed", // listing, job, plan, rejects
		"prepare.listing.written",
		"prepare.job.written",
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
