// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// dataSets lists what the runs were trained on, in the order of the page.
func dataSets(experiments []Experiment) []DataSet {
	var list []DataSet
	for _, e := range experiments {
		for _, r := range e.Runs {
			if !r.readable() {
				continue
			}
			at := slices.IndexFunc(list, func(d DataSet) bool { return d.Manifest == r.Used.Manifest })
			if at < 0 {
				run := r.found.run
				at, list = len(list), append(list, DataSet{
					Name: report.Legible(filepath.Base(run.Data)), Manifest: r.Used.Manifest, Size: run.Size,
					License: plain(licenseNote(run.Data, run.Manifest)),
				})
			}
			d := &list[at]
			d.Train, d.Validation = max(d.Train, r.Used.Train), max(d.Validation, r.Used.Validation)
			d.Runs = append(d.Runs, r.Name)
		}
	}
	return list
}

// licenseNote is what the data set says of its terms, empty where it is not at its
// place any more: a run can be shown without it. A bucket is not asked.
func licenseNote(data, manifest string) string {
	if i, err := os.Stat(data); err != nil || !i.IsDir() {
		return ""
	}
	st, err := store.Open(data)
	if err != nil {
		return ""
	}
	info, err := shard.ReadInfo(context.Background(), st)
	if err != nil || info.ManifestSHA256 != manifest {
		return ""
	}
	return info.LicenseNote
}
