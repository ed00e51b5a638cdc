// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// Summary says what a data set holds.
type Summary struct {
	// Train, Val and Test count the pairs of each split.
	Train int64 `json:"train"`
	Val   int64 `json:"val"`
	Test  int64 `json:"test"`
	// Duplicates counts exact copies that were left out, Rejects the pictures
	// that could not be used.
	Duplicates int64 `json:"duplicates"`
	Rejects    int64 `json:"rejects"`
	Shards     int64 `json:"shards"`
	Bytes      int64 `json:"bytes"` // of all shards
	// ReusedShards counts those that an earlier run had finished.
	ReusedShards int64 `json:"reused_shards"`
	// ManifestSHA256 names the data set's content.
	ManifestSHA256 string `json:"manifest_sha256"`
}

// Samples returns the number of pairs in all splits.
func (s Summary) Samples() int64 { return s.Train + s.Val + s.Test }

// finish checks that every shard of the plan is there and writes the data
// set's manifest, last. What lies on disk counts, not what the runner said.
func finish(o Options, plan transforms.SealedPlan, tasks []transforms.ShardTask) (Summary, error) {
	rejects, err := planRejects(o.Output, plan)
	if err != nil {
		return Summary{}, err
	}
	splits := map[string][]shard.Stats{}
	for _, t := range tasks {
		stats, err := transforms.ShardStats(o.Output, t)
		if err != nil {
			return Summary{}, err
		}
		split, _, _ := strings.Cut(t.Shard, "-")
		splits[split] = append(splits[split], stats)
		rejects = append(rejects, stats.Rejects...)
	}
	slices.SortFunc(rejects, func(a, b fault.Reject) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Reason, b.Reason))
	})
	if err := shard.WriteRejects(o.Output, rejects); err != nil {
		return Summary{}, err
	}
	failpoint.Hit("prepare.rejects.written")
	info := infoOf(o, plan, splits, len(rejects))
	summary := summaryOf(info)
	if summary.Samples() == 0 {
		return summary, nothingUsable(o, rejects)
	}
	if err := shard.WriteInfo(o.Output, info); err != nil {
		return Summary{}, err
	}
	failpoint.Hit("prepare.info.published")
	return summary, nil
}

// nothingUsable is the error of an input all of whose pictures were rejected.
// It is a request error: no run of this request can make a data set.
func nothingUsable(o Options, rejects []fault.Reject) error {
	first := ""
	if len(rejects) > 0 {
		first = fmt.Sprintf("; the first is %q: %s", rejects[0].Source, rejects[0].Reason)
	}
	return fault.Request("input %q holds no usable picture: all %d were rejected, see %s%s",
		o.Input, len(rejects), filepath.Join(o.Output, shard.RejectsName), first)
}

// planRejects returns the pictures that the first pass could not read.
func planRejects(output string, plan transforms.SealedPlan) ([]fault.Reject, error) {
	var rejects []fault.Reject
	for _, f := range plan.Files {
		if f.Split() != transforms.RejectsBucket {
			continue
		}
		entries, err := transforms.ReadPlan(filepath.Join(output, jobFolder), f.Name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Reject == nil {
				return nil, fmt.Errorf("reading plan %q: %q has no reason", f.Name, e.Name())
			}
			rejects = append(rejects, *e.Reject)
		}
	}
	return rejects, nil
}

func infoOf(o Options, plan transforms.SealedPlan, splits map[string][]shard.Stats, rejects int) shard.Info {
	info := shard.Info{
		ToolVersion: o.ToolVersion, Size: o.Size, Fit: string(o.Fit), Formula: shard.FormulaLuma601,
		Seed: o.Seed, ValPercent: o.ValPercent, TestPercent: o.TestPercent,
		LicenseNote: o.LicenseNote, Rejects: rejects,
	}
	for _, f := range plan.Files {
		info.Duplicates += int(f.Duplicates)
	}
	for _, name := range []string{"train", "val", "test"} {
		if shards := splits[name]; len(shards) > 0 {
			info.Splits = append(info.Splits, shard.NewSplitInfo(name, shards))
		}
	}
	return info
}

func summaryOf(info shard.Info) Summary {
	s := Summary{Duplicates: int64(info.Duplicates), Rejects: int64(info.Rejects), ManifestSHA256: info.Manifest()}
	for _, split := range info.Splits {
		switch split.Name {
		case "train":
			s.Train = int64(split.Samples)
		case "val":
			s.Val = int64(split.Samples)
		case "test":
			s.Test = int64(split.Samples)
		}
		s.Shards += int64(len(split.Shards))
		s.Bytes += split.Bytes
	}
	return s
}
