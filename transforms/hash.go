// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

func init() {
	beam.RegisterType(reflectTypeOf[planRun]())
	beam.RegisterDoFn(reflect.TypeFor[hashFn]())
	register.Emitter2[string, planRun]()
}

// PlanConfig configures [Plan].
type PlanConfig struct {
	// Input is the source's URI; Output the store that holds the plan, in the
	// folder and with the settings that the Merger names.
	Input, Output string
	Claim         Claim
	plan.Merger

	MaxBytes int64 // of one picture's file
	Parallel Parallel
	// NearDistance is the greatest distance of the perceptual hashes of near
	// duplicates; negative to look for none.
	NearDistance int
	Pair         PairSettings // of use for near duplicates alone
	Job          string
}

// ListingName returns the name of the n-th listing file of a plan's folder.
func ListingName(dir string, n int) string {
	return path.Join(dir, fmt.Sprintf("listing-%05d.jsonl", n))
}

// planRun says that the run of a listing file is there, and how many pictures of each
// split it has. It crosses a shuffle: its fields are exported and it embeds nothing,
// since a worker knows of it what its schema says.
type planRun struct {
	Listing int
	Entries []int64
}

// hashFn reads the pictures of a listing file, hashes their bytes and writes
// the run. It maps a listing's number to KV<"", planRun>. A run that is there
// already is kept, unless another try may be able to read more of its pictures.
type hashFn struct{ PlanConfig }

func (f *hashFn) ProcessElement(ctx context.Context, listing int, emit func(string, planRun)) error {
	ctx, stop := progress.Bind(ctx)
	defer stop()
	job := progress.Find(f.Job)
	st, err := store.Open(f.Output)
	if err != nil {
		return job.Fail(err)
	}
	run, err := f.run(ctx, st, job, listing)
	if err != nil {
		return job.Fail(err)
	}
	emit("", planRun{listing, run.Entries[:]})
	return nil
}

func (f *hashFn) run(ctx context.Context, st store.Store, job *progress.Job, listing int) (plan.Run, error) {
	name := plan.RunName(f.Dir, listing)
	// What another attempt writes meanwhile stays: pictures may have been planned
	// from it.
	condition, err := f.Claim.Condition(ctx, st, name)
	if err != nil {
		return plan.Run{}, err
	}
	run, found, err := plan.OpenRun(ctx, st, name, f.Settings)
	if err != nil {
		return plan.Run{}, err
	}
	if found && run.Transient == 0 {
		for _, n := range run.Entries {
			job.Add(n)
		}
		return run, nil
	}
	src, err := source.Shared(ctx, f.Input)
	if err != nil {
		return plan.Run{}, err
	}
	refs, err := plan.ReadLines[source.Ref](ctx, st, ListingName(f.Dir, listing))
	if err != nil {
		return plan.Run{}, fmt.Errorf("reading listing: %w", err)
	}
	entries := make([]plan.Entry, 0, len(refs))
	if found {
		// What an earlier try has read stays, whatever has become of it since.
		if entries, refs, err = unread(ctx, st, name); err != nil {
			return plan.Run{}, err
		}
		job.Add(int64(len(entries)))
	}
	hash := func(ctx context.Context, r source.Ref) (plan.Entry, error) { return f.hash(ctx, src, r) }
	err = ordered(ctx, f.Parallel.ahead(), refs, hash, func(e plan.Entry) error {
		job.Add(1)
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return plan.Run{}, err
	}
	if err := f.Claim.Check(ctx, st); err != nil {
		return plan.Run{}, err
	}
	return plan.WriteRun(ctx, st, name, condition, f.Settings, f.Layout, entries)
}

// unread divides a run into what is settled and what another try may read.
func unread(ctx context.Context, st store.Store, name string) (settled []plan.Entry, refs []source.Ref, err error) {
	entries, err := plan.ReadRun(ctx, st, name)
	for _, e := range entries {
		if e.Reject != nil && e.Reject.Transient {
			refs = append(refs, e.Ref)
		} else {
			settled = append(settled, e)
		}
	}
	return settled, refs, err
}

// hash reads one picture and hashes it. The only errors are those that end the
// job.
func (f *hashFn) hash(ctx context.Context, src source.Source, r source.Ref) (plan.Entry, error) {
	e := plan.Entry{Ref: r}
	err := f.Parallel.withFile(ctx, src, r, f.MaxBytes, func(data []byte) error {
		sum := sha256.Sum256(data)
		e.SHA256 = hex.EncodeToString(sum[:])
		if f.NearDistance < 0 {
			return nil
		}
		return f.Parallel.withPixels(ctx, pairCost(data, f.Pair), func() error {
			e.Look = lookOf(data, f.Pair)
			return nil
		})
	})
	if ctx.Err() != nil {
		return plan.Entry{}, ctx.Err()
	}
	if err != nil {
		reject := fault.RejectOf(r.Name(), fault.StageRead, err)
		// What was there when it was listed may come back: a folder that is not
		// mounted at the moment.
		reject.Transient = reject.Transient || r.Version != "" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, gcs.ErrChanged))
		e.Reject, e.SHA256 = &reject, ""
	}
	return e, nil
}

// lookOf returns a picture's perceptual hash; nil for one that makes no pair, so
// that it cannot stand in for another.
func lookOf(data []byte, c PairSettings) *uint64 {
	rgb, _, err := square(data, c)
	if err != nil {
		return nil
	}
	look := pixel.PerceptualHash(rgb)
	return &look
}

// hashPictures is the first step of [Plan].
func hashPictures(s beam.Scope, c PlanConfig, listings beam.PCollection) beam.PCollection {
	return beam.ParDo(s, &hashFn{c}, beam.Reshuffle(s, listings))
}
