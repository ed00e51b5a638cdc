// SPDX-License-Identifier: Apache-2.0

package train

// Failpoints returns the names at which a run can be made to die, see package
// failpoint, in the order in which a run passes them. A run that is started
// again with Resume after any of them ends as an unbroken one.
func Failpoints() []string {
	return []string{
		pointFolderRecipe,
		pointFolderRecord,
		pointStep,
		pointMetricsAppended,
		pointSamples,
		pointCheckpointBegun,
		pointCheckpointWeights,
		pointCheckpointLast,
		pointCheckpointBest,
		pointCheckpointPruned,
		pointTimings,
		pointReport,
		pointRecordEnd,
	}
}

const (
	pointFolderRecipe      = "train.folder.recipe"      // recipe.json is there
	pointFolderRecord      = "train.folder.record"      // run.json says running
	pointStep              = "train.step.done"          // a step was computed, nothing of it is on disk
	pointMetricsAppended   = "train.metrics.appended"   // a line was written, no checkpoint knows of it
	pointSamples           = "train.samples.published"  // the epoch's grid is there
	pointCheckpointBegun   = "train.checkpoint.begun"   // metrics are synced, weights are not written
	pointCheckpointWeights = "train.checkpoint.weights" // the weight file is there, nothing points to it
	pointCheckpointLast    = "train.checkpoint.last"    // last.json points to it: from here on it counts
	pointCheckpointBest    = "train.checkpoint.best"    // best.json is right
	pointCheckpointPruned  = "train.checkpoint.pruned"  // older weight files are gone
	pointTimings           = "train.timings.appended"   // the epoch's timing is written
	pointReport            = "train.report.published"   // report.html is there
	pointRecordEnd         = "train.record.ended"       // run.json says how it ended
)
