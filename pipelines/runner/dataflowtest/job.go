// SPDX-License-Identifier: Apache-2.0

package dataflowtest

import (
	"fmt"
	"slices"

	df "google.golang.org/api/dataflow/v1b3"
)

// Script is the way of a job that is not run.
type Script struct {
	// States are what the job is each time that it is asked for; the last one
	// stays. A job that is told to end is cancelled at the next call.
	States []string
	// Messages are errors that the job's messages hold.
	Messages []string
	// Stubborn jobs do not end when they are told to.
	Stubborn bool
}

// job is a submitted job.
type job struct {
	df.Job

	script *Script
	asked  int
	run    *execution // nil where there is a script
}

// over reports whether a state is a last one.
func over(state string) bool {
	return slices.Contains([]string{
		"JOB_STATE_DONE", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_DRAINED", "JOB_STATE_UPDATED",
	}, state)
}

// step brings the job's state up to date.
func (j *job) step() {
	switch {
	case over(j.CurrentState):
	case j.run != nil:
		j.CurrentState = j.run.state()
	case j.CurrentState == "JOB_STATE_CANCELLING" && !j.script.Stubborn:
		j.CurrentState = "JOB_STATE_CANCELLED"
	case j.CurrentState == "JOB_STATE_CANCELLING":
	default:
		j.CurrentState = j.script.States[min(j.asked, len(j.script.States)-1)]
		j.asked++
	}
}

func (j *job) cancel() {
	if over(j.CurrentState) {
		return
	}
	if j.run != nil {
		j.run.cancel()
	}
	j.CurrentState = "JOB_STATE_CANCELLING"
}

func (j *job) metrics() []*df.MetricUpdate {
	if j.run == nil {
		return nil
	}
	return j.run.metrics()
}

func (j *job) messages() []*df.JobMessage {
	var texts []string
	if j.run != nil {
		texts = j.run.errors()
	} else {
		texts = j.script.Messages
	}
	var list []*df.JobMessage
	for i, text := range texts {
		list = append(list, &df.JobMessage{Id: fmt.Sprint(i), MessageImportance: "JOB_MESSAGE_ERROR", MessageText: text})
	}
	return list
}
