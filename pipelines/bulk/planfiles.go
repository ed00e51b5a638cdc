// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// claims returns the keys in the plans of earlier runs that did not end: their
// names were free when they were planned, so what is there is the job's.
func (l layout) claims() (map[[16]byte]struct{}, error) {
	out := map[[16]byte]struct{}{}
	names, err := listDir(l.plan())
	for _, name := range names {
		err = cmp.Or(err, readLines(filepath.Join(l.plan(), name), func(it item) error {
			raw, err := rawKey(it.Key)
			out[raw] = struct{}{}
			return err
		}))
	}
	return out, err
}

// nextRun returns a number above those of all earlier runs' files.
func (l layout) nextRun() (int, error) {
	run := 0
	for _, dir := range []string{l.plan(), l.ledger()} {
		names, err := listDir(dir)
		if err != nil {
			return 0, err
		}
		for _, name := range names {
			head, _, _ := strings.Cut(name, "-")
			if n, err := strconv.Atoi(head); err == nil {
				run = max(run, n)
			}
		}
	}
	return run + 1, nil
}

// dropPlan removes the plan files of a run that is refused.
func (l layout) dropPlan(run int) {
	names, err := listDir(l.plan())
	for _, name := range names {
		if strings.HasPrefix(name, fmt.Sprintf("%06d-", run)) {
			err = errors.Join(err, os.Remove(filepath.Join(l.plan(), name)))
		}
	}
	_ = err // the refusal is what the user must read; a plan that stays claims only names that were free
}
