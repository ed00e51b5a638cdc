// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"errors"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// Forecast is what a job has before it, as far as a listing of its input shows.
type Forecast struct {
	// Pictures and Bytes are what the input holds and the selection takes.
	// Duplicates and damaged pictures are among them.
	Pictures int64 `json:"pictures"`
	Bytes    int64 `json:"bytes"`
	// Train, Val and Test are the numbers of shards of a data set made anew.
	Train int `json:"train_shards"`
	Val   int `json:"val_shards"`
	Test  int `json:"test_shards"`
	// Begun says that the output holds this job already, which goes on.
	Begun bool `json:"begun"`
	// Submission is what an engine elsewhere would be handed over for the first
	// pass; nil with a local runner.
	Submission *runner.Submission `json:"submission,omitempty"`
}

// DryRun says what [Run] would do, and refuses what it would refuse before it
// begins, without writing anything: it lists the input.
func DryRun(ctx context.Context, o Options) (f Forecast, err error) {
	if err := o.Validate(); err != nil {
		return Forecast{}, fault.AsRequest(err)
	}
	o = o.withDefaults().whole()
	st, err := store.Open(o.Output)
	if err != nil {
		return Forecast{}, fault.AsRequest(err)
	}
	s := newAttempt(o, st)
	src, err := source.Open(ctx, o.Input)
	if err != nil {
		return Forecast{}, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if f.Begun, err = s.admit(ctx, src); err != nil {
		return Forecast{}, err
	}
	p, err := s.count(ctx, src, &f)
	if err != nil {
		return Forecast{}, err
	}
	if !runner.IsLocal(o.Runner) {
		f.Submission, err = s.submission(ctx, p)
	}
	return f, err
}

// count lists the input into the forecast, and returns the part that it would be.
func (s *attempt) count(ctx context.Context, src source.Source, f *Forecast) (part, error) {
	files, left := 0, 0
	var first []source.Ref // those of the listing files that a run would look at
	err := selected(ctx, src, s.o, func(r source.Ref) error {
		f.Pictures++
		f.Bytes += r.Size
		if left == 0 {
			left = listingLines(files)
			files++
		}
		left--
		if s.o.Sharding.Bytes > 0 && files <= sampleFiles {
			first = append(first, r)
		}
		return nil
	})
	if err != nil {
		return part{}, err
	}
	if f.Pictures == 0 {
		return part{}, nothingToDo(s.o)
	}
	fresh := job{Input: recorded(s.o.Input), Settings: settingsOf(s.o)}
	p := part{Dir: fresh.newDir(), Pictures: f.Pictures, Files: files}
	bytes := 0.0
	if s.o.Sharding.Bytes > 0 {
		if bytes, err = s.meanBytes(ctx, src, first); err != nil {
			return part{}, err
		}
	}
	l := fresh.Settings.layout(p.Pictures, bytes)
	p.Train, p.Val, p.Test = l.Train, l.Val, l.Test
	f.Train, f.Val, f.Test = l.Train, l.Val, l.Test
	return p, nil
}

// submission is what would be handed over for the first pass over a part.
func (s *attempt) submission(ctx context.Context, p part) (*runner.Submission, error) {
	s.job = job{Input: recorded(s.o.Input), Settings: settingsOf(s.o), Parts: []part{p}}
	pipeline, scope := runner.NewPipeline()
	s.buildPlan(scope, 0, plan.Merger{Dir: p.Dir, Settings: s.job.hash(0), Layout: s.job.layout(0), Runs: p.Files}, "")
	return runner.Describe(ctx, s.o.runnerJob("prepare-plan"), pipeline)
}
