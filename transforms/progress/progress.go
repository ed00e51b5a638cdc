// SPDX-License-Identifier: Apache-2.0

// Package progress connects the DoFns of a job with the driver that runs in
// the same process: how many pictures are done, which error came first, and
// that the driver wants to stop. DoFns travel as JSON, so that a job is found
// by its id and not through a pointer.
//
// A worker on another machine counts too, where nobody looks; nothing that a
// job's result depends on may pass through here.
package progress

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// jobs holds the jobs of this process by id. It is process-wide because a
// DoFn arrives as JSON; see the package comment.
var jobs sync.Map

// lastID numbers the jobs of this process.
var lastID atomic.Int64

// Job counts what one run of a pipeline has done. It is safe for concurrent
// use; a nil Job counts nothing.
type Job struct {
	id          string
	done, total atomic.Int64
	rejects     atomic.Int64
	first       atomic.Pointer[error]
}

// State is how far a job is.
type State struct {
	// Done of Total units are dealt with, Rejects of them without a result.
	Done, Total, Rejects int64
}

// Start makes a job with a new id; End must be called when it is over.
func Start() *Job {
	j := &Job{id: strconv.FormatInt(lastID.Add(1), 10)}
	jobs.Store(j.id, j)
	return j
}

// Find returns the job that was started in this process under the id, or nil
// where there is none.
func Find(id string) *Job {
	j, _ := jobs.Load(id)
	job, _ := j.(*Job)
	return job
}

// ID returns what a DoFn carries to find the job again.
func (j *Job) ID() string { return j.id }

// End removes the job from the process's list.
func (j *Job) End() { jobs.Delete(j.id) }

// Add counts n more units as done.
func (j *Job) Add(n int64) {
	if j != nil {
		j.done.Add(n)
	}
}

// Done returns how many units are done.
func (j *Job) Done() int64 {
	if j == nil {
		return 0
	}
	return j.done.Load()
}

// Total returns how many units there are, as set last.
func (j *Job) Total() int64 {
	if j == nil {
		return 0
	}
	return j.total.Load()
}

// Reject counts n of the units that are done as rejects.
func (j *Job) Reject(n int64) {
	if j != nil {
		j.rejects.Add(n)
	}
}

// State returns all counts.
func (j *Job) State() State {
	if j == nil {
		return State{}
	}
	return State{Done: j.done.Load(), Total: j.total.Load(), Rejects: j.rejects.Load()}
}

// SetTotal says how many units there are.
func (j *Job) SetTotal(n int64) {
	if j != nil {
		j.total.Store(n)
	}
}

// Fail records the error that ended a DoFn, and returns it. The first one is
// kept: runners hand errors on as text only, and add much of their own.
func (j *Job) Fail(err error) error {
	if j != nil && err != nil {
		j.first.CompareAndSwap(nil, &err)
	}
	return err
}

// Err returns the first error that a DoFn of the job recorded, or nil.
func (j *Job) Err() error {
	if j == nil {
		return nil
	}
	if err := j.first.Load(); err != nil {
		return *err
	}
	return nil
}

// interval is how often a display is brought up to date.
const interval = 100 * time.Millisecond

// Report is [Job.Watch] without rejects.
func (j *Job) Report(show func(done, total int64)) (stop func()) {
	if show == nil {
		return func() {}
	}
	return j.Watch(func(s State) { show(s.Done, s.Total) })
}

// Watch calls show now, regularly, and a last time when the returned stop is
// called, which waits for it; never twice at once. A nil show is allowed.
func (j *Job) Watch(show func(State)) (stop func()) {
	if j == nil || show == nil {
		return func() {}
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			show(j.State())
			select {
			case <-tick.C:
			case <-quit:
				show(j.State())
				return
			}
		}
	}()
	return sync.OnceFunc(func() { close(quit); <-ended })
}
