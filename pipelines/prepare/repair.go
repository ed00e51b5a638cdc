// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"errors"
	"fmt"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// RepairOptions says which data set to repair. Zero values are as in [Options].
type RepairOptions struct {
	// Output is the data set.
	Output string
	// Input is where its pictures are now; empty for where they were.
	Input string
	// Damaged are the names of the shards to make again, such as
	// "train-000003.tar"; see [shard.Report]. Shards that are missing are made
	// in any case.
	Damaged []string

	Workers, Readers         int
	MemoryBudget             int64
	Runner                   string
	ToolVersion, LicenseNote string
	Progress                 func(done, total int64)
}

// options returns what the data set was prepared with.
func (r RepairOptions) options(j job) Options {
	o := j.Settings.options()
	o.Input, o.Output = r.Input, r.Output
	if o.Input == "" {
		o.Input = j.Input
	}
	o.Workers, o.Readers, o.MemoryBudget, o.Runner = r.Workers, r.Readers, r.MemoryBudget, r.Runner
	o.ToolVersion, o.LicenseNote, o.Progress = r.ToolVersion, r.LicenseNote, r.Progress
	return o.withDefaults().whole()
}

// Repair makes damaged and missing shards of a data set again from their
// pictures, with the settings that the data set records, and ends with the bytes
// that an undamaged one has. Whole shards stay as they are. A shard of which
// fewer pictures can be read than it had is not replaced: that is an error which
// names one of them. A data set that does not record how it was made cannot be
// repaired: that is a request error.
func Repair(ctx context.Context, r RepairOptions) (_ Summary, err error) {
	s, err := openRepair(ctx, r)
	if err != nil {
		return Summary{}, err
	}
	had := map[string]int{}
	for _, name := range r.Damaged {
		if !shardFile.MatchString(name) {
			return Summary{}, fault.Request("repairing %q: %q is no shard's name", r.Output, name)
		}
		had[name] = 0
	}
	if info, err := shard.ReadInfo(ctx, s.st); err == nil {
		s.o.ToolVersion, s.o.LicenseNote = info.ToolVersion, info.LicenseNote
		for _, split := range info.Splits {
			for _, sh := range split.Shards {
				if _, damaged := had[sh.Name]; damaged {
					had[sh.Name] = sh.Samples
				}
			}
		}
	}
	defer func() { err = errors.Join(err, s.release()) }()
	if err := s.lock(ctx); err != nil {
		return Summary{}, err
	}
	defer source.Keep(s.o.Input)()
	var plans []plan.Sealed
	for k := range s.job.Parts {
		p, err := s.plan(ctx, k, false)
		if err != nil {
			return Summary{}, fmt.Errorf("planning: %w", err)
		}
		plans = append(plans, p)
	}
	return s.writeShards(ctx, plans, had)
}

// openRepair finds the job that made a data set, and its input.
func openRepair(ctx context.Context, r RepairOptions) (*attempt, error) {
	st, err := store.Open(r.Output)
	if err != nil {
		return nil, fault.AsRequest(err)
	}
	j, record, found, err := readJob(ctx, st)
	switch {
	case err != nil:
		return nil, err
	case !found || len(j.Parts) == 0:
		return nil, fault.Request("repairing %q: it has no %s, which says how it was made", r.Output, jobName)
	}
	o := r.options(j)
	if err := o.Validate(); err != nil {
		return nil, fault.Request("repairing %q: %w", r.Output, err)
	}
	src, err := source.Open(ctx, o.Input)
	if err != nil {
		return nil, err
	}
	s := newAttempt(o, st)
	s.job, s.record = j, record
	return s, errors.Join(s.handover().Check(ctx), src.Close())
}
