// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// recordName is the record's name in the output of every command.
const recordName = ".chromabeam/remote.json"

// Record keeps in an output which job elsewhere works on it, from when it is
// handed over until it is known to have ended: a job goes on when the process
// that began it is detached or killed, and the next one must not take its output
// from it. The zero Record keeps nothing.
type Record struct {
	Store store.Store
	// Stop, where not empty, names the object that tells the job's workers to end,
	// which is made when [Run] is interrupted: Flink's job service calls a job
	// cancelled and lets it go on.
	Stop string
}

// Check refuses an output on which a job is still at work. It writes nothing: the
// record of a job that has ended stays until somebody takes the output over, who
// calls [Record.Drop].
func (r Record) Check(ctx context.Context) error {
	if r.Store == nil {
		return nil
	}
	data, err := r.Store.ReadFile(ctx, recordName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	where := r.Store.URI() + "/" + recordName
	var job RemoteJob
	if err == nil {
		err = json.Unmarshal(data, &job)
	}
	if err != nil {
		return fmt.Errorf("reading %q: %w; remove it if no job is at work on this output", where, err)
	}
	initialize()
	quiet(job.Runner)
	end, err := job.state(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("asking for the state of %v, which was handed over at %s: %w; remove %q if it has ended",
			job, job.Submitted.UTC().Format("2006-01-02 15:04 MST"), err, where)
	case !end.over:
		return fault.Request("%v is still at work on this output (%s): wait for its end (%s), or end it (%s); then run this again. "+
			"Without %q, or with -overwrite, it is ignored, and under gs:// it loses the output",
			job, end.state, job.Follow(), job.Cancel(), where)
	case end.err != nil:
		slog.WarnContext(ctx, fmt.Sprintf("%v has ended: %v; going on from what it has done", job, end.err))
	}
	return nil
}

// keep writes the record.
func (r Record) keep(ctx context.Context, job RemoteJob) error {
	if r.Store == nil {
		return nil
	}
	_, err := r.Store.Publish(ctx, recordName, store.Anything(), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(job)
	})
	if err != nil {
		return fmt.Errorf("recording the job: %w", err)
	}
	return nil
}

// stop tells the job's workers to end.
func (r Record) stop(ctx context.Context) {
	if r.Store == nil || r.Stop == "" {
		return
	}
	_, err := r.Store.Publish(ctx, r.Stop, store.Anything(), func(io.Writer) error { return nil })
	if err != nil {
		slog.WarnContext(ctx, fmt.Sprintf("telling the job's workers to stop: %v", err))
	}
}

// Drop removes the record, for whoever takes the output over.
func (r Record) Drop(ctx context.Context) error {
	if r.Store == nil {
		return nil
	}
	if err := r.Store.Remove(ctx, recordName); err != nil {
		return fmt.Errorf("removing the record of the job: %w", err)
	}
	return nil
}

// ending is a job's state as its engine names it.
type ending struct {
	state string
	over  bool
	// err is nil while the job is not over, and where it was a success.
	err error
}

// state asks the job's engine how it is. A job that the engine does not know is
// over.
func (r RemoteJob) state(ctx context.Context) (ending, error) {
	if r.Runner == Dataflow {
		return dataflowState(ctx, r)
	}
	return portableState(ctx, r)
}

// watched is a job that was handed over: it is followed to its end, or left.
type watched struct {
	job    RemoteJob
	record Record
	detach bool
}

// handedOver records the job, and then waits for it with wait unless it is to be
// left. A job that cannot be recorded is followed all the same, and never left: the
// next run would know nothing of it.
func (w watched) handedOver(ctx context.Context, wait func(ctx context.Context) error) error {
	// Also where the job is to be cancelled at once: it may live on.
	lasting := context.WithoutCancel(ctx)
	slog.InfoContext(ctx, strings.TrimSpace(w.job.String()+" is handed over "+w.job.Page()))
	unkept := w.record.keep(lasting, w.job)
	if unkept != nil {
		slog.WarnContext(ctx, unkept.Error())
	}
	if w.detach && unkept == nil && ctx.Err() == nil {
		return &DetachedError{w.job}
	}
	// At once, since an engine may take minutes to cancel a job.
	stopped := make(chan struct{})
	unused := context.AfterFunc(ctx, func() {
		defer close(stopped)
		w.record.stop(lasting)
	})
	err := wait(ctx)
	if !unused() {
		<-stopped
	}
	if _, unfinished := errors.AsType[*unfinishedError](err); unfinished {
		return err
	}
	return errors.Join(err, w.record.Drop(lasting))
}
