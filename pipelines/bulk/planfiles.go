// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// claims returns the keys in the plans of earlier runs that did not end: their
// names were free when they were planned, so what is there is the job's.
func claims(ctx context.Context, st store.Store) (map[[16]byte]struct{}, error) {
	out := map[[16]byte]struct{}{}
	names, err := listDir(ctx, st, planFolder)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		for it, err := range plan.Lines[item](ctx, st, name) {
			if err != nil {
				return nil, err
			}
			raw, err := rawKey(it.Key)
			if err != nil {
				return nil, fmt.Errorf("reading record %q: %w", name, err)
			}
			out[raw] = struct{}{}
		}
	}
	return out, nil
}

// lastRun returns the highest number of all runs' files.
func lastRun(ctx context.Context, st store.Store) (int, error) {
	run := 0
	for _, dir := range []string{planFolder, ledgerFolder} {
		names, err := listDir(ctx, st, dir)
		if err != nil {
			return 0, err
		}
		for _, name := range names {
			run = max(run, runOf(name))
		}
	}
	return run, nil
}

// planPrefix begins the names of a run's plan files. Two jobs that number their
// runs alike do not share them.
func planPrefix(run int, id string) string { return fmt.Sprintf("%s/%06d-%s-", planFolder, run, id) }

// dropPlans removes the plan files whose names begin with prefix, or all.
func dropPlans(ctx context.Context, st store.Store, prefix string) error {
	names, err := listDir(ctx, st, planFolder)
	if err != nil {
		return err
	}
	var drop []string
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			drop = append(drop, name)
		}
	}
	return st.Remove(ctx, drop...)
}
