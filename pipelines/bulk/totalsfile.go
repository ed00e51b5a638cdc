// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// checkTotals holds what the pipeline has done against the plan.
func (d *driver) checkTotals(ctx context.Context) error {
	t, err := d.readTotals(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the runner reported success, but %q is not there: nothing says what was done", d.layout.at(totalsFile))
	}
	if err != nil {
		return err
	}
	if done := t.Colored + t.Left + t.Rejects + t.Reused; done != d.plan.pending {
		return fmt.Errorf("the runner reported success, but %d of %d pictures are done: run this again to do the others",
			done, d.plan.pending)
	}
	return nil
}

// addTotals adds what this round's pipeline counted.
func (d *driver) addTotals(ctx context.Context) error {
	t, err := d.readTotals(ctx)
	if err != nil {
		return err
	}
	d.totals.add(t)
	return nil
}

// readTotals reads what the last pipeline has written.
func (d *driver) readTotals(ctx context.Context) (t totals, err error) {
	data, err := d.st.ReadFile(ctx, totalsFile)
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	if err != nil {
		return t, fmt.Errorf("reading the run's totals: %w", err)
	}
	return t, nil
}

// writeTotals hands a pipeline's totals to the driver: a pipeline's result cannot
// be asked for. A job that goes on after its end must not write over those of the
// next one.
func (s spec) writeTotals(ctx context.Context, t totals) error {
	st, err := s.Layout.records()
	if err == nil {
		err = s.Claim.Check(ctx, st)
	}
	if err == nil {
		_, err = st.Publish(ctx, totalsFile, store.Anything(), func(w io.Writer) error { return report.WriteJSON(w, t) })
	}
	if err != nil {
		return fmt.Errorf("writing the run's totals: %w", err)
	}
	return nil
}
