// SPDX-License-Identifier: Apache-2.0

package train

import (
	"path/filepath"

	"github.com/chromabeam/chromabeam/transforms/report"
)

// Curves returns the learning curves of a run folder, for a page that shows the
// run beside other things.
func Curves(run string) (report.Curves, error) {
	lines, err := ReadMetrics(filepath.Join(run, metricsFile))
	if err != nil {
		return report.Curves{}, err
	}
	return curves(lines), nil
}
