// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// shardFile matches the names of a data set's shards and their stats.
var shardFile = regexp.MustCompile(`^(train|val|test)-\d{6}(\.tar|_stats\.json)$`)

// ours reports whether a job makes files of this name in its output.
func ours(name string) bool {
	return name == shard.InfoName || name == shard.RejectsName || shardFile.MatchString(name)
}

// unrecordedFile matches what a job makes in its own folder before job.json.
var unrecordedFile = regexp.MustCompile(`^(lock|job\.json\.\d+\.tmp)$`)

// refuseForeign returns a request error if the output holds anything but the
// traces of a job that was ended before it was recorded.
func refuseForeign(ctx context.Context, st store.Store) error {
	names, err := present(ctx, st)
	if err != nil {
		return fault.Request("reading output folder: %w", err)
	}
	const shown = 3
	if len(names) == 0 {
		return nil
	}
	what := "other files"
	for _, name := range names {
		if name == shard.InfoName || shardFile.MatchString(name) {
			what = "another data set"
		}
	}
	if len(names) > shown {
		names = append(names[:shown], "...")
	}
	return fault.Request("output %q holds %s (%s); choose another folder or give -overwrite",
		st.URI(), what, strings.Join(names, ", "))
}

// present returns the names of what lies in an output, folders of a folder
// included, without what a job leaves there before it is recorded.
func present(ctx context.Context, st store.Store) ([]string, error) {
	var names []string
	dir, local := st.Local()
	if !local {
		for _, folder := range []string{"", jobFolder} {
			list, err := st.List(ctx, folder)
			if err != nil {
				return nil, err
			}
			for _, i := range list {
				names = append(names, i.Name)
			}
		}
		return names, nil
	}
	for _, folder := range []string{"", jobFolder} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if folder == "" && e.Name() != jobFolder || folder != "" && !unrecordedFile.MatchString(e.Name()) {
				names = append(names, filepath.Join(folder, e.Name()))
			}
		}
	}
	return names, nil
}

// makeFolder makes the output folder and checks that files can be made in it.
func makeFolder(dir string) error {
	records := filepath.Join(dir, jobFolder)
	if err := os.MkdirAll(records, 0o755); err != nil {
		return fault.Request("making output folder: %w", err)
	}
	f, err := os.CreateTemp(records, "job.json.*.tmp")
	if err != nil {
		return fault.Request("writing to output folder: %w", err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return fmt.Errorf("writing to output folder: %w", err)
	}
	return nil
}

// cleanTemp removes what killed runs left half written.
func cleanTemp(ctx context.Context, st store.Store, j job) error {
	if err := store.CleanTemp(ctx, st, "", ours); err != nil {
		return err
	}
	for _, p := range j.Parts {
		if err := plan.CleanTemp(ctx, st, p.Dir); err != nil {
			return err
		}
	}
	return store.CleanTemp(ctx, st, jobFolder, func(name string) bool { return name == filepath.Base(jobName) })
}

// dropStale removes shards that the tasks do not name, which a plan of fewer
// pictures leaves behind. A manifest that names one of those, or a shard that is
// to be made again, goes first: it must never describe other bytes than those
// beside it. One that an extension adds to stays until it is replaced.
func dropStale(ctx context.Context, st store.Store, tasks []transforms.ShardTask, settled map[string]bool) error {
	planned := map[string]bool{}
	for _, t := range tasks {
		planned[t.Shard], planned[shard.StatsName(t.Shard)] = true, true
	}
	list, err := st.List(ctx, "")
	if err != nil {
		return fmt.Errorf("looking for old shards: %w", err)
	}
	var stale []string
	for _, i := range list {
		if shardFile.MatchString(i.Name) && !planned[i.Name] {
			stale = append(stale, i.Name)
		}
	}
	info, err := shard.ReadInfo(ctx, st)
	keep := err == nil
	for _, split := range info.Splits {
		for _, sh := range split.Shards {
			keep = keep && settled[sh.Name]
		}
	}
	if !keep {
		err = st.Remove(ctx, shard.InfoName)
	} else {
		err = nil
	}
	if err == nil {
		err = st.Remove(ctx, stale...)
	}
	if err != nil {
		return fmt.Errorf("removing an old shard: %w", err)
	}
	return nil
}

// clearOutput removes a data set and the records of the job that made it, but
// not the record that the output is ours, and nothing else. The manifest goes
// first: without it the rest counts for nothing, should this be interrupted.
func clearOutput(ctx context.Context, st store.Store) error {
	list, err := st.List(ctx, "")
	if err != nil {
		return fault.Request("reading output folder: %w", err)
	}
	names := []string{shard.RejectsName}
	for _, i := range list {
		if shardFile.MatchString(i.Name) {
			names = append(names, i.Name)
		}
	}
	err = st.Remove(ctx, shard.InfoName)
	if err == nil {
		err = st.Remove(ctx, names...)
	}
	if err != nil {
		return fault.Request("overwriting output: %w", err)
	}
	return clearRecords(ctx, st)
}

// clearRecords removes the records of an earlier job, of whatever command.
func clearRecords(ctx context.Context, st store.Store) error {
	list, err := st.List(ctx, jobFolder)
	if err != nil {
		return fault.Request("reading output folder: %w", err)
	}
	var names []string
	for _, i := range list {
		if i.Name != jobName && !unrecordedFile.MatchString(path.Base(i.Name)) {
			names = append(names, i.Name)
		}
	}
	err = st.Remove(ctx, names...)
	folders := []string{partsFolder, stopFolder}
	if dir, local := st.Local(); local {
		entries, readErr := os.ReadDir(filepath.Join(dir, jobFolder))
		err = errors.Join(err, readErr)
		for _, e := range entries {
			if e.IsDir() {
				folders = append(folders, path.Join(jobFolder, e.Name()))
			}
		}
	}
	for _, folder := range folders {
		err = errors.Join(err, st.RemoveAll(ctx, folder))
	}
	if err != nil {
		return fault.Request("overwriting output: %w", err)
	}
	return nil
}
