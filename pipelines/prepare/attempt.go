// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// attempt is one run of a job: what it works on, and its right to do so.
//
// A folder is locked. In a bucket, job.json is the claim: who replaces it, under
// the condition that it is unchanged, has taken the output over, and everybody
// else stops before the next shard (see [transforms.Claim]).
type attempt struct {
	o   Options
	st  store.Store
	job job
	// record is the job.json that the attempt knows, its zero value where there
	// is none.
	record  store.Info
	release func() error
	// resumed says that the job had been begun before.
	resumed bool
	id      string // the attempt's own
}

func newAttempt(o Options, st store.Store) *attempt {
	return &attempt{o: o, st: st, release: func() error { return nil }, id: strings.ToLower(rand.Text())}
}

// open settles which job a request means. Refusals are request errors, and
// nothing has been made or removed then.
func open(ctx context.Context, o Options) (*attempt, error) {
	st, err := store.Open(o.Output)
	if err != nil {
		return nil, fault.AsRequest(err)
	}
	s := newAttempt(o, st)
	src, err := source.Open(ctx, o.Input)
	if err != nil {
		return nil, err
	}
	err = s.begin(ctx, src)
	if err = errors.Join(err, src.Close()); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// begin goes on with the job in the output, or lists the input for a new one.
func (s *attempt) begin(ctx context.Context, src source.Source) error {
	begun, err := s.admit(ctx, src)
	switch {
	case err != nil:
		return err
	case !begun:
		return s.list(ctx, src)
	}
	s.resumed = true
	return s.lock(ctx)
}

// admit compares the request with what the output holds, and refuses what cannot
// be mixed. It reports whether the job was begun there.
func (s *attempt) admit(ctx context.Context, src source.Source) (begun bool, err error) {
	before, record, found, err := readJob(ctx, s.st)
	s.job, s.record = before, record
	if s.o.Overwrite && (err == nil || fault.IsRequest(err)) { // whatever it is
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := s.handover().Check(ctx); err != nil {
		return false, err
	}
	if !found {
		return false, refuseForeign(ctx, s.st)
	}
	if lines := before.Settings.diff(settingsOf(s.o)); len(lines) > 0 {
		return false, refuse(s.o.Output, lines, "the same ones, or -overwrite to begin anew")
	}
	if len(before.Parts) == 0 {
		return false, nil
	}
	if !s.o.Extend {
		err = s.sameInput(ctx, src)
	}
	return true, err
}

// sameInput returns a request error if the input is not what the job found.
func (s *attempt) sameInput(ctx context.Context, src source.Source) error {
	now, err := listed(ctx, src, s.o)
	if err != nil {
		return err
	}
	if before := s.job.Parts[len(s.job.Parts)-1].Listing; before != now {
		return refuse(s.o.Output, []string{fmt.Sprintf(
			"the input was %q with %d pictures, now %q with %d: files were added, removed or changed",
			s.job.Input, before.Pictures, s.o.Input, now.Pictures)},
			"-extend to add what is new, or -overwrite to begin anew")
	}
	return nil
}

// lock keeps other processes out, and checks that none came first.
func (s *attempt) lock(ctx context.Context) error {
	if dir, ok := s.st.Local(); ok {
		if err := makeFolder(dir); err != nil {
			return err
		}
	}
	release, err := store.Lock(ctx, s.st)
	if err != nil {
		return err
	}
	s.release = release
	_, record, _, err := readJob(ctx, s.st)
	if err != nil && !s.o.Overwrite {
		return err
	}
	if record != s.record {
		return fmt.Errorf("opening output %q: another job began there at the same moment: %w", s.o.Output, transforms.ErrTakenOver)
	}
	if !s.o.Overwrite {
		// A job may have been handed over since the output was looked at.
		if err := s.handover().Check(ctx); err != nil {
			return err
		}
	}
	if err := s.handover().Drop(ctx); err != nil {
		return err
	}
	return cleanTemp(ctx, s.st, s.job)
}

// claim takes over an output that has no listing yet.
func (s *attempt) claim(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	first := s.record == (store.Info{})
	s.job = job{Input: recorded(s.o.Input), Settings: settingsOf(s.o), Parts: []part{}, Claim: rand.Text()}
	if err := s.write(ctx); err != nil {
		return err
	}
	if first && !s.o.Overwrite {
		return nil // there was nothing
	}
	return clearOutput(ctx, s.st)
}

// recorded returns the input as job.json names it: what is here whole, for a
// repair that is started from elsewhere.
func recorded(input string) string {
	if gcs.IsURL(input) {
		return input
	}
	if whole, err := filepath.Abs(input); err == nil {
		return whole
	}
	return input
}

// write records the job, unless someone else has replaced the record.
func (s *attempt) write(ctx context.Context) error {
	condition := store.Unchanged(s.record)
	if s.record == (store.Info{}) {
		condition = store.Absent()
	}
	record, err := writeJob(ctx, s.st, s.job, condition)
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("opening output %q: %w", s.o.Output, transforms.ErrTakenOver)
	}
	if err == nil {
		s.record = record
	}
	return err
}

// list makes the first part. Nothing is made or removed for an input without
// pictures.
func (s *attempt) list(ctx context.Context, src source.Source) error {
	fresh := job{Input: recorded(s.o.Input), Settings: settingsOf(s.o)}
	r := &recorder{st: s.st, dir: fresh.newDir(), begin: func() error { return s.claim(ctx) }, check: s.check}
	p, err := record(ctx, src, s.o, r, func([sha256.Size]byte) bool { return true })
	if err != nil {
		return err
	}
	if p.Pictures == 0 {
		return nothingToDo(s.o)
	}
	return s.add(ctx, src, p)
}

func nothingToDo(o Options) error {
	if s := o.Select; len(s.Include)+len(s.Exclude)+len(s.Classes) > 0 {
		return fault.Request("input %q holds no pictures that -include, -exclude and -class leave", o.Input)
	}
	return fault.Request("input %q holds no pictures (png, jpg, gif, bmp, tiff or webp)", o.Input)
}

// add records a part whose listing files are there.
func (s *attempt) add(ctx context.Context, src source.Source, p part) error {
	bytes := 0.0
	if s.o.Sharding.Bytes > 0 {
		var err error
		if bytes, err = s.pictureBytes(ctx, src, p); err != nil {
			return err
		}
	}
	l := s.job.Settings.layout(p.Pictures, bytes)
	p.Train, p.Val, p.Test = l.Train, l.Val, l.Test
	s.job.Input, s.job.Claim = recorded(s.o.Input), ""
	s.job.Parts = append(s.job.Parts, p)
	return s.write(ctx)
}

// extend adds what is new in the input as a part; false where there is nothing.
func (s *attempt) extend(ctx context.Context) (added bool, err error) {
	src, err := source.Open(ctx, s.o.Input)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	known, err := readKnown(ctx, s.st, s.job)
	if err != nil {
		return false, err
	}
	next := s.job
	next.Input = recorded(s.o.Input)
	r := &recorder{st: s.st, dir: next.newDir(), begin: func() error { return nil }, check: s.check}
	p, err := record(ctx, src, s.o, r, known.isNew)
	if err != nil || p.Pictures == 0 {
		return false, err
	}
	return true, s.add(ctx, src, p)
}
