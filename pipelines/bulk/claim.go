// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// jobRecord is job.json. Under gs:// it is the claim of a job on its output as
// well: who replaces it, under the condition that it is unchanged, has taken the
// output over, and everybody else stops before the next thing that counts.
type jobRecord struct {
	job

	// Model names this run's model for readers, see [Options.modelName]. What a job
	// is compared by is its ModelHash.
	Model string `json:"model"`
	// Claim is random under gs://, so that no two runs of one job take each
	// other's record for their own. Local outputs are locked instead.
	Claim string `json:"claim,omitempty"`
}

// settle compares the job with the one that the output holds, if any, and
// refuses to mix two. It remembers which record it has seen.
func (d *driver) settle(ctx context.Context) error {
	info, err := d.st.Stat(ctx, jobFile)
	if errors.Is(err, fs.ErrNotExist) {
		d.record = store.Info{}
		return nil
	}
	var data []byte
	if err == nil {
		d.record = info
		data, err = d.st.ReadFile(ctx, jobFile)
	}
	switch {
	case err != nil && d.layout.remote():
		return d.lasting(fmt.Errorf("reading the job in output: %w", err))
	case err != nil && !d.options.Overwrite:
		return fault.Request("reading the job in output: %w", err)
	case d.options.Overwrite:
		return nil
	}
	var old jobRecord
	if err := json.Unmarshal(data, &old); err != nil {
		return fault.Request("reading %q: %w; use -overwrite to begin anew", d.layout.at(jobFile), err)
	}
	if diff := d.job.diff(old.job); diff != "" {
		return fault.Request("output %q holds another job (%s): choose another output, or use -overwrite", d.layout.Output, diff)
	}
	return nil
}

// claim takes possession of the output, once it is clear that it is free or the
// job's own. It is where an output that cannot be written is found. With
// overwrite, the job's files are its own from here on, whatever is there.
func (d *driver) claim(ctx context.Context) error {
	if err := d.lock(ctx); err != nil {
		return err
	}
	if !d.options.Overwrite {
		// A job may have been handed over since the output was looked at.
		if err := d.handover().Check(ctx); err != nil {
			return err
		}
	}
	if err := d.writeJob(ctx); err != nil {
		return err
	}
	d.ours = true
	if err := d.handover().Drop(ctx); err != nil || !d.options.Overwrite {
		return err
	}
	for _, r := range d.results() {
		if err := d.mark(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// lock keeps other processes out of a local output, checks that none came
// first, and removes what a killed run was writing: it has no name yet and is
// worth nothing.
func (d *driver) lock(ctx context.Context) error {
	if d.layout.remote() {
		return nil
	}
	release, err := store.Lock(ctx, d.st)
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("opening output %q: %w", d.layout.Output, err)
	case err != nil:
		return fault.Request("making output %q: %w", d.layout.Output, err)
	}
	d.release = release
	before := d.record
	if err := d.settle(ctx); err != nil {
		return err
	}
	if d.record != before {
		return fmt.Errorf("opening output %q: another job began there at the same moment: %w", d.layout.Output, transforms.ErrTakenOver)
	}
	if err := d.makeFolders(); err != nil {
		return fault.Request("output %q must be writable: %w", d.layout.Output, err)
	}
	return d.cleanTemp(ctx)
}

// makeFolders makes the local folders that the job writes to, and tries to
// write where its files and pictures will go.
func (d *driver) makeFolders() error {
	for _, dir := range []string{planFolder, ledgerFolder, thumbsFolder, partsFolder, publishedName} {
		if err := os.MkdirAll(d.layout.at(dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(d.layout.tmp()); err != nil {
		return err
	}
	if err := os.Mkdir(d.layout.tmp(), 0o755); err != nil {
		return err
	}
	dirs := []string{d.layout.tmp(), d.layout.reportDir()}
	if beside, _, err := d.layout.beside(); err == nil && d.layout.archive() {
		dir, _ := beside.Local()
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		f, err := os.CreateTemp(dir, stateName+".*.tmp") // cleanTemp knows the form
		if err != nil {
			return err
		}
		err = errors.Join(f.Close(), os.Remove(f.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // removed by another job with an archive in this folder
			return err
		}
	}
	return nil
}

// cleanTemp removes the temporary files of killed runs.
func (d *driver) cleanTemp(ctx context.Context) error {
	all := func(string) bool { return true }
	clean := func(dir string, ours func(string) bool) error { return store.CleanTemp(ctx, d.st, dir, ours) }
	for _, dir := range []string{stateName, planFolder, ledgerFolder, thumbsFolder, publishedName} {
		if err := clean(dir, all); err != nil {
			return err
		}
	}
	parts, err := os.ReadDir(d.layout.at(partsFolder))
	for _, p := range parts {
		err = errors.Join(err, clean(partsFolder+"/"+p.Name(), all))
	}
	if err != nil {
		return err
	}
	for _, r := range d.results() {
		if err := store.CleanTemp(ctx, r.st, "", func(name string) bool { return name == r.name || name == stateName }); err != nil {
			return err
		}
	}
	return nil
}

// writeJob records the job, unless someone else has replaced the record.
func (d *driver) writeJob(ctx context.Context) error {
	record, condition := jobRecord{job: d.job, Model: d.options.modelName()}, store.Unchanged(d.record)
	if d.record == (store.Info{}) {
		condition = store.Absent()
	}
	if d.layout.remote() {
		record.Claim = rand.Text()
	}
	info, err := d.st.Publish(ctx, jobFile, condition, func(w io.Writer) error { return report.WriteJSON(w, record) })
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("opening output %q: %w", d.layout.Output, transforms.ErrTakenOver)
	}
	if err != nil {
		return d.lasting(fmt.Errorf("writing %q: %w", d.layout.at(jobFile), err))
	}
	d.record = info
	failpoint.Hit(fpJobWritten)
	return nil
}

// lasting makes an error a request's where no other try will help: the bucket is
// not there, or not ours to write to.
func (d *driver) lasting(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, gcs.ErrDenied) || errors.Is(err, gcs.ErrInvalid) {
		return fault.AsRequest(err)
	}
	return err
}

// rights is what the job's workers must check before they write what counts:
// nothing where the output is locked.
func (d *driver) rights() transforms.Claim {
	c := transforms.Claim{Stop: d.handover().Stop}
	if d.layout.remote() {
		c.Name, c.Version = jobFile, d.record.Version
	}
	return c
}
