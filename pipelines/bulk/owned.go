// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// The files that a job writes beside the pictures are its own once it has
// written them. An empty file of their name in the folder "published" says so;
// it is made when such a file is complete, just before it gets its name. That
// job.json is there says nothing of the kind: a run that was refused, killed or
// cancelled may have left it long before there was any of these files.

// result is one of those files.
type result struct {
	st   store.Store
	name string
	path string // for people
	// marker is the record that the job has published it. The archive's has no
	// name of its own, so that archive and records may be renamed together.
	marker string
}

// resultOf is a file of the report's folder.
func (d *driver) resultOf(name string) result {
	return result{st: d.st, name: name, path: d.layout.at(name), marker: publishedName + "/" + name}
}

// archiveResult is the archive itself.
func (d *driver) archiveResult() result {
	return result{st: d.beside, name: d.archiveName, path: d.layout.Output, marker: publishedName + "/archive"}
}

func (d *driver) results() []result {
	out := []result{d.resultOf(reportHTMLFile), d.resultOf(reportJSONFile), d.resultOf(rejectsFile)}
	if d.layout.archive() {
		out = append(out, d.archiveResult())
	}
	return out
}

// mark records that a result is the job's own.
func (d *driver) mark(ctx context.Context, r result) error {
	if _, err := d.st.Stat(ctx, r.marker); err == nil {
		return nil
	}
	_, err := d.st.Publish(ctx, r.marker, store.Anything(), func(io.Writer) error { return nil })
	return err
}

// mayReplace refuses a result that is there and that the job did not publish.
// It returns what a replacement must find.
func (d *driver) mayReplace(ctx context.Context, r result) (store.Condition, error) {
	there, err := r.st.Stat(ctx, r.name)
	if errors.Is(err, fs.ErrNotExist) {
		return store.Absent(), nil
	}
	if err != nil {
		return store.Condition{}, d.request("looking at output: %w", err)
	}
	_, err = d.st.Stat(ctx, r.marker)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return store.Condition{}, fault.Request(
			"output %q exists and was not written by this job: use -overwrite to replace it", r.path)
	case err != nil:
		return store.Condition{}, d.request("looking at output: %w", err)
	}
	return store.Unchanged(there), nil
}

// request formats an error about the output: a request's where the output is
// local, for then it is in the way, and any other may pass.
func (d *driver) request(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if !d.layout.remote() {
		err = fault.AsRequest(err)
	}
	return err
}

// free refuses to go on where a result would replace a file that is not the
// job's, before any work is done.
func (d *driver) free(ctx context.Context) error {
	for _, r := range d.results() {
		if _, err := d.mayReplace(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// publishResult publishes a result. It looks once more what is there when the
// file is complete, since that may take long; written is called before.
func (d *driver) publishResult(ctx context.Context, r result, write func(io.Writer) error, written func()) (store.Info, error) {
	condition, err := d.mayReplace(ctx, r)
	if err != nil {
		return store.Info{}, err
	}
	info, err := r.st.Publish(ctx, r.name, condition, func(w io.Writer) error {
		if err := write(w); err != nil {
			return err
		}
		written()
		if _, err := d.mayReplace(ctx, r); err != nil {
			return err
		}
		if err := d.rights().Check(ctx, d.st); err != nil {
			return err
		}
		return d.mark(ctx, r)
	})
	if err != nil {
		return store.Info{}, fmt.Errorf("writing %q: %w", r.path, err)
	}
	return info, nil
}

// result publishes one of the files beside the pictures.
func (d *driver) result(ctx context.Context, name string, write func(io.Writer) error) error {
	_, err := d.publishResult(ctx, d.resultOf(name), write, func() {})
	return err
}
