// SPDX-License-Identifier: Apache-2.0

package dataflowtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	df "google.golang.org/api/dataflow/v1b3"
)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	rest := strings.TrimPrefix(r.URL.Path, "/v1b3/projects/")
	parts := strings.Split(rest, "/") // PROJECT/locations/REGION/jobs[/ID[/metrics|messages]]
	operation, call := operationOf(r, parts)
	s.mu.Lock()
	s.calls = append(s.calls, call)
	code := 0
	if queue := s.faults[operation]; len(queue) > 0 {
		code, s.faults[operation] = queue[0], queue[1:]
	}
	hook := s.hooks[operation]
	delete(s.hooks, operation)
	s.mu.Unlock()
	if hook != nil {
		hook()
	}
	if code != 0 {
		refuse(w, code, http.StatusText(code))
		return
	}
	switch operation {
	case "token":
		answer(w, map[string]any{"access_token": "a token of the test", "token_type": "Bearer", "expires_in": 3600})
	case "create":
		s.create(w, r, parts[0], parts[2])
	case "list":
		s.list(w, r)
	case "get", "update", "metrics", "messages":
		s.one(w, r, operation, parts[4])
	default:
		refuse(w, http.StatusNotFound, "no such call: "+r.Method+" "+r.URL.Path)
	}
}

// operationOf names a call for faults, and in words.
func operationOf(r *http.Request, parts []string) (operation, call string) {
	if r.URL.Path == "/token" {
		return "token", r.Method + " token"
	}
	if len(parts) < 4 || parts[1] != "locations" || parts[3] != "jobs" {
		return "", r.Method + " " + r.URL.Path
	}
	call = r.Method + " " + strings.Join(parts[3:], "/")
	switch {
	case len(parts) == 4 && r.Method == http.MethodPost:
		return "create", call
	case len(parts) == 4:
		return "list", call
	case len(parts) == 6:
		return parts[5], call
	case r.Method == http.MethodPut:
		return "update", call
	}
	return "get", call
}

// create takes a job that keeps to what Dataflow asks for.
func (s *Server) create(w http.ResponseWriter, r *http.Request, project, region string) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		refuse(w, http.StatusUnauthorized, "no token")
		return
	}
	j := &job{}
	if err := json.NewDecoder(r.Body).Decode(&j.Job); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.jobs {
		if other.Name == j.Name && !over(other.CurrentState) {
			refuse(w, http.StatusConflict, "The workflow could not be created. Causes: a job with this name is running: "+other.Id)
			return
		}
	}
	j.Id, j.ProjectId, j.Location = fmt.Sprintf("2026-11-27_00_00_%02d-1", len(s.jobs)+1), project, region
	j.script, j.CurrentState = s.script, "JOB_STATE_PENDING"
	pipeline, err := s.staged(&j.Job)
	if err == nil && j.script == nil {
		j.run, err = execute(pipeline)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	s.jobs = append(s.jobs, j)
	if s.lost > 0 {
		s.lost--
		refuse(w, http.StatusServiceUnavailable, "the answer is lost")
		return
	}
	answer(w, j.Job)
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var answered df.ListJobsResponse
	for _, j := range s.jobs {
		if name := r.URL.Query().Get("name"); (name == "" || name == j.Name) && !over(j.CurrentState) {
			answered.Jobs = append(answered.Jobs, &df.Job{Id: j.Id, Name: j.Name, CurrentState: j.CurrentState})
		}
	}
	answer(w, answered)
}

// one answers a call about a job.
func (s *Server) one(w http.ResponseWriter, r *http.Request, operation, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.jobs, func(j *job) bool { return j.Id == id })
	if i < 0 {
		refuse(w, http.StatusNotFound, "no job "+id)
		return
	}
	j := s.jobs[i]
	switch operation {
	case "get":
		j.step()
		answer(w, j.Job)
	case "update":
		var wanted df.Job
		if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil || wanted.RequestedState != "JOB_STATE_CANCELLED" {
			refuse(w, http.StatusBadRequest, "only JOB_STATE_CANCELLED can be asked for")
			return
		}
		j.cancel()
		answer(w, j.Job)
	case "metrics":
		answer(w, df.JobMetrics{Metrics: j.metrics()})
	case "messages":
		answer(w, df.ListJobMessagesResponse{JobMessages: j.messages()})
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	// A client that is gone needs no answer.
	_ = json.NewEncoder(w).Encode(v)
}

// refuse answers with an error in the service's form.
func refuse(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": code, "message": message}})
}
