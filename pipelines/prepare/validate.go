// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"errors"
	"fmt"

	"github.com/chromabeam/chromabeam/transforms/plan"
)

// The bounds of Options.
const (
	minSize   = 8
	maxSize   = 4096
	maxShards = 100_000
	// maxWorkers is far above what helps; more is a slip of the hand.
	maxWorkers = 1024
	// minMemoryBudget is a guard against a number of megabytes.
	minMemoryBudget = 1 << 20
	// minShardBytes too.
	minShardBytes = 1 << 20
	// maxColorfulness is above what any picture has.
	maxColorfulness = 1000
)

// problems collects what is wrong with options.
type problems []error

func (p *problems) checkf(ok bool, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Errorf(format, args...))
	}
}

// Validate returns every problem of the options at once. It touches no file.
func (o Options) Validate() error {
	o = o.withDefaults()
	var p problems
	p.checkf(o.Input != "", "input must be given")
	p.checkf(o.Output != "", "output must be given")
	p = append(p, o.Preset.validate())
	if o.Size == 0 && o.Preset.validate() == nil {
		p.checkf(false, "size must be given with preset %q", o.Preset)
	} else if o.Size != 0 {
		p.checkf(o.Size >= minSize && o.Size <= maxSize, "size must be in [%d, %d], got %d", minSize, maxSize, o.Size)
	}
	p = append(p, o.Sharding.validate()...)
	p.checkf(isPercent(o.ValPercent), "val-percent must be in [0, 100), got %v", o.ValPercent)
	p.checkf(isPercent(o.TestPercent), "test-percent must be in [0, 100), got %v", o.TestPercent)
	if isPercent(o.ValPercent) && isPercent(o.TestPercent) {
		p.checkf(o.ValPercent+o.TestPercent < 100, "val-percent and test-percent must leave something for training, got %v and %v",
			o.ValPercent, o.TestPercent)
	}
	p = append(p, o.Fit.Validate(), o.Filter.Validate(), o.Formula.Validate())
	p = append(p, o.Select.validate()...)
	p.checkf(o.MinSide >= 0, "min-side must not be negative, got %d", o.MinSide)
	p.checkf(o.MinColorfulness >= 0 && o.MinColorfulness <= maxColorfulness,
		"min-colorfulness must be in [0, %d], got %v", maxColorfulness, o.MinColorfulness)
	p.checkf(o.NearDistance >= 0 && o.NearDistance <= plan.MaxNearDistance,
		"near-duplicates must be in [1, %d], or 0 to keep them, got %d", plan.MaxNearDistance, o.NearDistance)
	p.checkf(o.Limits.MaxPixels > 0, "max-pixels must be positive, got %d", o.Limits.MaxPixels)
	p.checkf(o.Limits.MaxBytes > 0, "max-bytes must be positive, got %d", o.Limits.MaxBytes)
	p.checkf(o.Workers >= 0 && o.Workers <= maxWorkers, "workers must be in [0, %d], got %d", maxWorkers, o.Workers)
	p.checkf(o.Readers >= 0 && o.Readers <= maxWorkers, "readers must be in [0, %d], got %d", maxWorkers, o.Readers)
	p.checkf(o.MemoryBudget >= minMemoryBudget, "memory budget must be at least %d bytes, got %d", minMemoryBudget, o.MemoryBudget)
	p.checkf(!o.Overwrite || !o.Extend, "overwrite and extend must not be given together")
	p = append(p, o.runnerJob("prepare").Validate())
	return errors.Join(p...)
}

// isPercent is false for NaN too.
func isPercent(v float64) bool { return v >= 0 && v < 100 }
