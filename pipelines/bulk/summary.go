// SPDX-License-Identifier: Apache-2.0

package bulk

// Summary is how a job stands at the end of a run. Counts are of the whole job,
// with what earlier runs did.
type Summary struct {
	// Pictures is the number of pictures in the input: Colored + Left + Rejects.
	Pictures int64 `json:"pictures"`
	// Colored have a coloured picture in the output, of which Skipped were
	// there before this run.
	Colored int64 `json:"colored"`
	Skipped int64 `json:"skipped"`
	// Left have colour already and were left as they are, as SkipColor asks.
	Left int64 `json:"left"`
	// Rejects were not used; rejects.jsonl beside the report says why.
	Rejects int64 `json:"rejects"`
	// Seconds is how long this run took, model loading included, and
	// PicturesPerSecond what it coloured in that time.
	Seconds           float64 `json:"seconds"`
	PicturesPerSecond float64 `json:"pictures_per_second"`
	// Report and ReportJSON are the paths of the report as a page and as JSON.
	Report     string `json:"report"`
	ReportJSON string `json:"report_json"`
	// RejectsFile is the path of rejects.jsonl.
	RejectsFile string `json:"rejects_file"`
	// Whole, where the run was of a sample, is what the whole input has, and will
	// take going by the pictures of the sample that this run coloured. What of the
	// rest is in the output already is not looked at.
	Whole *Forecast `json:"whole,omitempty"`
}
