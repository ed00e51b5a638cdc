// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// surveyor looks at samples on a bounded pool while the shards are read. What
// it counts are integers, so that the order in which workers end is of no
// importance.
type surveyor struct {
	options SurveyOptions
	size    int
	formula pixel.Formula
	seed    uint64

	group *errgroup.Group // the samples of the shard being read

	mu    sync.Mutex
	all   *SplitSurvey
	split *SplitSurvey // the one of the shard being read
	done  []*SplitSurvey
	sheet *sheet
	bad   []badSample
	near  []nearPicture
}

// badSample is what decoding found, with the sample's place in its shard.
type badSample struct {
	position int
	key      string
	err      error
}

func newSurveyor(info Info, o SurveyOptions) *surveyor {
	return &surveyor{
		options: o, size: info.Size, formula: pixel.Formula(info.Formula), seed: info.Seed, all: newSplitSurvey("all"),
	}
}

// begin starts a split.
func (s *surveyor) begin(split string) {
	s.end()
	s.split, s.sheet = newSplitSurvey(split), &sheet{n: s.options.Sheet, seed: s.seed}
}

// end closes the split that was begun.
func (s *surveyor) end() {
	if s.split == nil {
		return
	}
	s.split.finish()
	s.split.Sheet = s.sheet.samples()
	s.done, s.split = append(s.done, s.split), nil
}

// look hands a sample to the pool; it waits while all workers are busy.
func (s *surveyor) look(sample Sample, at sampleRef) {
	if s.group == nil {
		workers := s.options.Workers
		if workers == 0 {
			workers = runtime.GOMAXPROCS(0)
		}
		s.group = new(errgroup.Group)
		s.group.SetLimit(workers)
	}
	s.group.Go(func() error {
		l, err := lookAt(sample, s.formula, s.size, s.options.NearDuplicates)
		s.mu.Lock()
		defer s.mu.Unlock()
		if err != nil {
			s.bad = append(s.bad, badSample{int(at.position), sample.Key, err})
			return nil
		}
		s.all.add(l)
		s.split.add(l)
		s.sheet.add(sample)
		if l.hashed {
			s.near = append(s.near, nearPicture{l.hash, at})
		}
		return nil
	})
}

// wait ends with the samples of a shard and returns the bad ones in order.
func (s *surveyor) wait() []badSample {
	if s.group == nil {
		return nil
	}
	_ = s.group.Wait() // no worker returns an error: what it finds is data
	bad := s.bad
	s.group, s.bad = nil, nil
	slices.SortFunc(bad, func(a, b badSample) int { return cmp.Compare(a.position, b.position) })
	return bad
}

// survey returns what was counted.
func (s *surveyor) survey() *Survey {
	s.end()
	s.all.finish()
	out := &Survey{All: *s.all, Splits: []SplitSurvey{}}
	for _, split := range s.done {
		out.Splits = append(out.Splits, *split)
	}
	return out
}

// twins returns the near duplicates across splits; splits has the number of
// the split of each shard.
func (s *surveyor) twins(ctx context.Context, splits []int) (twinRefs, error) {
	return findNear(ctx, s.near, splits, s.options.NearDistance)
}
