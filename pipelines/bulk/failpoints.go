// SPDX-License-Identifier: Apache-2.0

package bulk

// The moments of a job at which a test kills it; see package failpoint. Each is
// hit just after the step that it names.
const (
	fpJobWritten      = "bulk.job.written"      // job.json has its name
	fpPlanWritten     = "bulk.plan.written"     // all plan files have theirs
	fpPictureWritten  = "bulk.picture.written"  // a coloured picture is in tmp
	fpPictureRenamed  = "bulk.picture.renamed"  // and has its name
	fpSegmentWritten  = "bulk.segment.written"  // a ledger segment is in tmp
	fpSegmentRenamed  = "bulk.segment.renamed"  // and has its name
	fpSegmentsMerged  = "bulk.segments.merged"  // a segment has the lines of others, which are to go
	fpPartWritten     = "bulk.part.written"     // a part of the archive is in tmp
	fpPartRenamed     = "bulk.part.renamed"     // and has its name
	fpPartMarked      = "bulk.part.marked"      // its lines are written: it is done
	fpArchiveWritten  = "bulk.archive.written"  // the whole archive is in tmp
	fpArchiveRenamed  = "bulk.archive.renamed"  // and has its name
	fpArchiveRecorded = "bulk.archive.recorded" // archive.json says so
	fpRejectsWritten  = "bulk.rejects.written"  // rejects.jsonl has its name
	fpReportWritten   = "bulk.report.written"   // the report too
	fpPlanRemoved     = "bulk.plan.removed"     // nothing is left to do
)

// Failpoints lists the points that a job with a folder as output passes, in
// order.
func Failpoints() []string {
	return []string{
		fpJobWritten, fpPlanWritten, fpPictureWritten, fpPictureRenamed, fpSegmentWritten, fpSegmentRenamed,
		fpRejectsWritten, fpReportWritten, fpPlanRemoved,
	}
}

// ArchiveFailpoints lists the points that a job with a zip as output passes, in
// order.
func ArchiveFailpoints() []string {
	return []string{
		fpJobWritten, fpPlanWritten, fpPartWritten, fpPartRenamed, fpPartMarked, fpArchiveWritten, fpArchiveRenamed,
		fpSegmentWritten, fpSegmentRenamed, fpArchiveRecorded, fpRejectsWritten, fpReportWritten, fpPlanRemoved,
	}
}
