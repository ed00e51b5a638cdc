// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// shardFile matches the names of a data set's shards and their stats.
var shardFile = regexp.MustCompile(`^(train|val|test)-\d{6}(\.tar|_stats\.json)$`)

// openOutput makes the output folder, or checks that it may be used, and
// returns the job that was begun in it, if any. Every refusal is a request
// error, before any work.
func openOutput(o Options) (before job, resumed bool, err error) {
	if err := os.MkdirAll(o.Output, 0o755); err != nil {
		return job{}, false, fault.Request("making output folder: %w", err)
	}
	if o.Overwrite {
		if err := clearOutput(o.Output); err != nil {
			return job{}, false, err
		}
	} else if before, resumed, err = readJob(o.Output); err != nil {
		return job{}, false, err
	}
	records := filepath.Join(o.Output, jobFolder)
	if !resumed && !o.Overwrite {
		if err := refuseForeign(o.Output); err != nil {
			return job{}, false, err
		}
		// What is left of a job that was ended before it was recorded.
		if err := os.RemoveAll(records); err != nil {
			return job{}, false, fault.Request("clearing %q: %w", records, err)
		}
	}
	if err := os.MkdirAll(records, 0o755); err != nil {
		return job{}, false, fault.Request("making output folder: %w", err)
	}
	if err := probe(records); err != nil {
		return job{}, false, err
	}
	return before, resumed, shard.CleanTemp(o.Output)
}

// unrecordedFile matches what a job makes in its own folder before job.json.
var unrecordedFile = regexp.MustCompile(`^(listing-\d{5}\.jsonl(\.\d+\.tmp)?|job\.json\.\d+\.tmp|probe-\d+)$`)

// refuseForeign returns an error if the folder holds anything but the traces
// of a job that was ended before it was recorded.
func refuseForeign(output string) error {
	entries, err := os.ReadDir(output)
	if err != nil {
		return fault.Request("reading output folder: %w", err)
	}
	records, err := os.ReadDir(filepath.Join(output, jobFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Request("reading output folder: %w", err)
	}
	const shown = 3
	var names []string
	what := "other files"
	for _, e := range entries {
		if e.Name() == shard.InfoName || shardFile.MatchString(e.Name()) {
			what = "another data set"
		}
		if e.Name() != jobFolder {
			names = append(names, e.Name())
		}
	}
	for _, e := range records {
		if !unrecordedFile.MatchString(e.Name()) {
			names = append(names, filepath.Join(jobFolder, e.Name()))
		}
	}
	if len(names) == 0 {
		return nil
	}
	if len(names) > shown {
		names = append(names[:shown], "...")
	}
	return fault.Request("output %q holds %s (%s); choose another folder or give -overwrite",
		output, what, strings.Join(names, ", "))
}

// probe checks that files can be made in dir.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, "probe-*")
	if err != nil {
		return fault.Request("writing to output folder: %w", err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return fmt.Errorf("writing to output folder: %w", err)
	}
	return nil
}

// dropStale removes shards that the tasks do not name, which a plan of fewer
// pictures leaves behind. The manifest goes first, also where a shard is to be
// made again: it must never describe other bytes than those beside it.
func dropStale(output string, tasks []transforms.ShardTask, reused int64) error {
	entries, err := os.ReadDir(output)
	if err != nil {
		return fmt.Errorf("looking for old shards: %w", err)
	}
	planned := map[string]bool{}
	for _, t := range tasks {
		planned[t.Shard], planned[shard.StatsName(t.Shard)] = true, true
	}
	var stale []string
	for _, e := range entries {
		if shardFile.MatchString(e.Name()) && !planned[e.Name()] {
			stale = append(stale, e.Name())
		}
	}
	if len(stale) > 0 || reused < int64(len(tasks)) {
		stale = append([]string{shard.InfoName}, stale...)
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(output, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing an old shard: %w", err)
		}
	}
	return nil
}

// clearOutput removes a data set and the job's records from a folder, and
// nothing else. The manifest goes first: without it the rest counts for
// nothing, should this be interrupted.
func clearOutput(output string) error {
	entries, err := os.ReadDir(output)
	if err != nil {
		return fault.Request("reading output folder: %w", err)
	}
	paths := []string{shard.InfoName, shard.RejectsName}
	for _, e := range entries {
		if shardFile.MatchString(e.Name()) {
			paths = append(paths, e.Name())
		}
	}
	for _, name := range paths {
		if err := os.Remove(filepath.Join(output, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.Request("overwriting output: %w", err)
		}
	}
	if err := os.RemoveAll(filepath.Join(output, jobFolder)); err != nil {
		return fault.Request("overwriting output: %w", err)
	}
	return nil
}
