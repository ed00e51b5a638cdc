// SPDX-License-Identifier: Apache-2.0

package flink

import (
	"strings"
	"testing"
)

// jobDetails is what a job manager says of a job.
type jobDetails struct {
	Vertices []struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Metrics struct {
			Bytes int64 `json:"write-bytes"` //nolint:tagliatelle // Flink's name
		} `json:"metrics"`
	} `json:"vertices"`
}

// details asks for all jobs of a cluster, by their ids.
func (s *server) details(t *testing.T) map[string]jobDetails {
	t.Helper()
	var overview struct {
		Jobs []struct {
			ID string `json:"jid"`
		} `json:"jobs"`
	}
	s.get(t, "/jobs/overview", &overview)
	all := map[string]jobDetails{}
	for _, j := range overview.Jobs {
		var d jobDetails
		s.get(t, "/jobs/"+j.ID, &d)
		all[j.ID] = d
	}
	return all
}

// failures counts what went wrong in the jobs of a cluster that are not among those
// before.
func (s *server) failures(t *testing.T, before map[string]jobDetails) (n int) {
	t.Helper()
	for id := range s.details(t) {
		if _, old := before[id]; old {
			continue
		}
		var e struct {
			History struct {
				Entries []struct{} `json:"entries"`
			} `json:"exceptionHistory"` //nolint:tagliatelle // Flink's name
		}
		s.get(t, "/jobs/"+id+"/exceptions", &e)
		n += len(e.History.Entries)
	}
	return n
}

// shuffled returns the bytes that each job of a cluster has sent between its steps, by
// the job's id.
func (s *server) shuffled(t *testing.T) map[string]int64 {
	t.Helper()
	sent := map[string]int64{}
	for id, d := range s.details(t) {
		for _, v := range d.Vertices {
			sent[id] += v.Metrics.Bytes
		}
	}
	return sent
}

// spread returns how many elements each worker of the jobs with a DoFn of this name was
// given, a list for each job.
func (s *server) spread(t *testing.T, dofn string) (all [][]int64) {
	t.Helper()
	for id, d := range s.details(t) {
		for _, v := range d.Vertices {
			// Of steps joined to one the name begins with what comes first.
			if !strings.Contains(v.Name, dofn) {
				continue
			}
			var vertex struct {
				Subtasks []struct {
					Metrics struct {
						Records int64 `json:"read-records"` //nolint:tagliatelle // Flink's name
					} `json:"metrics"`
				} `json:"subtasks"`
			}
			s.get(t, "/jobs/"+id+"/vertices/"+v.ID, &vertex)
			var counts []int64
			for _, task := range vertex.Subtasks {
				counts = append(counts, task.Metrics.Records)
			}
			all = append(all, counts)
		}
	}
	return all
}
