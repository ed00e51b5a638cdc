// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// Examine is [Verify] that also looks at the pictures, as far as the options
// say. Options that [SurveyOptions.Validate] refuses are a request error.
//
// Memory is bounded but for 55 to 85 bytes a sample, some 75 more while near
// duplicates are searched for, and about 120 for each pair that is found. To
// name duplicates it reads the shards of the first few again.
func Examine(ctx context.Context, st store.Store, o SurveyOptions) (Report, error) {
	if err := o.Validate(); err != nil {
		return Report{}, fault.Request("examining %q: %w", st.URI(), err)
	}
	info, err := ReadInfo(ctx, st)
	if err != nil {
		return Report{}, noDataset(st, err)
	}
	v := newVerifier(st, info, o)
	v.description()
	for i, split := range info.Splits {
		v.report.Splits[split.Name] = 0
		if v.survey != nil {
			v.survey.begin(split.Name)
		}
		for _, sh := range split.Shards {
			if err := ctx.Err(); err != nil {
				return v.report, err
			}
			v.listed, v.splits, v.harmed = append(v.listed, listedShard{split.Name, sh.Name}), append(v.splits, i), false
			if err := v.shard(ctx, split.Name, sh); err != nil {
				return v.report, err
			}
			if v.harmed {
				v.report.DamagedShards = append(v.report.DamagedShards, sh.Name)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return v.report, err
	}
	if err := v.strays(ctx); err != nil {
		return v.report, err
	}
	if err := v.rejects(ctx); err != nil {
		return v.report, err
	}
	return v.conclude(ctx)
}

func newVerifier(st store.Store, info Info, o SurveyOptions) *verifier {
	v := &verifier{
		store: st, report: Report{Info: info, Splits: map[string]int{}}, seen: map[[12]byte]uint32{},
		exact: exactTwins{first: map[[12]byte]sampleRef{}}, progress: o.Progress,
	}
	if o.Deep {
		v.survey = newSurveyor(info, o)
	}
	return v
}

// listedShard is a shard of the description with its split.
type listedShard struct{ split, name string }

// conclude adds what is known only at the end.
func (v *verifier) conclude(ctx context.Context) (Report, error) {
	var err error
	if v.report.Duplicates, err = v.name(ctx, v.exact.found); err != nil {
		return v.report, err
	}
	if v.survey == nil {
		return v.report, ctx.Err()
	}
	v.report.Survey = v.survey.survey()
	if v.survey.options.NearDuplicates {
		found, err := v.survey.twins(ctx, v.splits)
		if err != nil {
			return v.report, err
		}
		near, err := v.name(ctx, found)
		if err != nil {
			return v.report, err
		}
		v.report.NearDuplicates = &near
	}
	return v.report, ctx.Err()
}

// examine looks at one whole sample; ok says that nothing is wrong with it.
func (v *verifier) examine(s Sample, position int, ok bool) {
	at := sampleRef{shard: uint32(len(v.listed) - 1), position: uint32(position)}
	v.exact.add(s.Color, at, v.splits)
	if v.survey != nil && ok {
		v.survey.look(s, at)
	}
	v.read++
	if v.progress != nil {
		v.progress(v.read, int64(v.report.Info.Samples()))
	}
}

// looked ends with the samples of a shard that were handed to workers.
func (v *verifier) looked(file string) {
	if v.survey == nil {
		return
	}
	for _, b := range v.survey.wait() {
		v.problemf(file, b.key, "%s", b.err)
	}
}

// occurrence finds keys that were there before.
func (v *verifier) occurrence(file, key string) {
	sum := sha256.Sum256([]byte(key))
	id, now := [12]byte(sum[:12]), uint32(v.splits[len(v.splits)-1])
	if other, ok := v.seen[id]; ok && other != now {
		v.repeated(file, key, fmt.Sprintf("it is in split %s too", v.report.Info.Splits[other].Name))
	} else if ok {
		v.repeated(file, key, "it occurs twice")
	}
	v.seen[id] = now
}

// repeated notes a sample that is there already: making its shard anew would
// not change that.
func (v *verifier) repeated(file, sample, text string) {
	v.report.Problems = append(v.report.Problems, Problem{file, sample, text})
}

// name finds the samples behind numbers, by reading their shards again.
func (v *verifier) name(ctx context.Context, refs twinRefs) (Twins, error) {
	wanted := map[uint32][]uint32{}
	for _, p := range refs.pairs {
		for _, r := range []sampleRef{p.sample, p.earlier} {
			wanted[r.shard] = append(wanted[r.shard], r.position)
		}
	}
	places := map[sampleRef]Place{}
	for shard, positions := range wanted {
		v.find(ctx, shard, positions, places)
		if err := ctx.Err(); err != nil {
			return Twins{}, err
		}
	}
	out := Twins{Count: refs.count, Pairs: []Twin{}}
	for _, p := range refs.pairs {
		out.Pairs = append(out.Pairs, Twin{places[p.sample], places[p.earlier], p.distance})
	}
	return out, nil
}

// find adds the samples at some positions of a shard. One that cannot be read
// a second time keeps its split and file alone.
func (v *verifier) find(ctx context.Context, shard uint32, positions []uint32, places map[sampleRef]Place) {
	l := v.listed[shard]
	for _, p := range positions {
		places[sampleRef{shard, p}] = Place{Split: l.split, File: l.name}
	}
	f, err := v.store.Stream(ctx, l.name)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }() // read only
	r, last := NewReader(bufio.NewReaderSize(f, 1<<18)), slices.Max(positions)
	for n := uint32(0); n <= last; {
		s, err := r.Next()
		if err != nil {
			if bad := new(SampleError); errors.As(err, &bad) {
				continue
			}
			return
		}
		if at := (sampleRef{shard, n}); slices.Contains(positions, n) {
			places[at] = Place{Split: l.split, File: l.name, Key: s.Key, Source: s.Meta.Source, Color: s.Color}
		}
		n++
	}
}
