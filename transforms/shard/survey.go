// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"errors"
	"fmt"
	"math"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// The limits and defaults of [SurveyOptions].
const (
	// DefaultNearDistance is how many of 64 bits the perceptual hashes of two
	// pictures may differ in that count as near duplicates, and
	// MaxNearDistance what may be asked for: the search costs more with each.
	DefaultNearDistance = 4
	MaxNearDistance     = 10
	// MaxSheet bounds the samples a split that a [Survey] keeps whole.
	MaxSheet = 1000
	// Colorless is the colourfulness below which a picture has next to no
	// colour to learn from; see [pixel.Colorfulness].
	Colorless = 5
)

// SurveyOptions says what [Examine] looks at beyond what [Verify] does. The
// zero value adds nothing.
type SurveyOptions struct {
	// Deep decodes every picture: it checks that each gray picture is the
	// formula of its colour picture, pixel by pixel, and makes a [Survey].
	Deep bool
	// NearDuplicates looks for pictures of different splits that look alike. It
	// needs Deep. It keeps 16 bytes a picture, some 75 during the search, and
	// compares within groups of equal parts of a hash: a second or so for a million pictures at a
	// distance of 4, a hundred times as long for ten million.
	NearDuplicates bool
	// NearDistance is the largest number of different bits, in [0,
	// MaxNearDistance]; 0 finds equal hashes only.
	NearDistance int
	// Sheet is how many samples of each split the survey keeps whole, in [0,
	// MaxSheet]. It needs Deep.
	Sheet int
	// Workers is how many samples are decoded at a time; 0 is one for each
	// processor.
	Workers int
	// Progress, if not nil, is called with the samples read so far and the
	// number that the description names, from one goroutine.
	Progress func(done, total int64)
}

// Validate returns everything that is wrong with the options.
func (o SurveyOptions) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.NearDistance < 0 || o.NearDistance > MaxNearDistance {
		add("near distance must be in [0, %d] bits, got %d", MaxNearDistance, o.NearDistance)
	}
	if o.Sheet < 0 || o.Sheet > MaxSheet {
		add("sheet must be in [0, %d] samples a split, got %d", MaxSheet, o.Sheet)
	}
	if o.Workers < 0 {
		add("workers must not be negative, got %d", o.Workers)
	}
	if !o.Deep && (o.NearDuplicates || o.Sheet > 0) {
		add("near duplicates and a sheet need deep: the pictures must be decoded")
	}
	return errors.Join(errs...)
}

// Survey says what the pictures of a data set look like. It covers the samples
// in which nothing is wrong.
type Survey struct {
	// All is the whole data set; its Name is "all", and it has no Sheet.
	All SplitSurvey `json:"all"`
	// Splits are in the order of the description.
	Splits []SplitSurvey `json:"splits"`
}

// SplitSurvey says what the pictures of one split look like.
type SplitSurvey struct {
	Name    string `json:"name"`
	Samples int    `json:"samples"`
	// Bytes are those of both pictures' PNGs together.
	Bytes int64 `json:"bytes"`
	// MeanColor is the mean of all pixels: red, green and blue in [0, 255], of
	// the sRGB levels as they are stored.
	MeanColor [3]float64 `json:"mean_color"`
	// MeanColorfulness is the mean of the pictures' [pixel.Colorfulness], and
	// Colorless the number of those below [Colorless].
	MeanColorfulness float64 `json:"colorfulness"`
	Colorless        int     `json:"colorless"`
	// Widths and Heights are of the sources, in pixels.
	Widths  Histogram `json:"widths"`
	Heights Histogram `json:"heights"`
	// Aspects are the sources' widths divided by their heights.
	Aspects Histogram `json:"aspects"`
	// SampleBytes are those of a sample's two PNGs.
	SampleBytes Histogram `json:"sample_bytes"`
	// Colorfulness counts pictures, Luma pixels by their gray level.
	Colorfulness Histogram `json:"colorfulness_histogram"`
	Luma         Histogram `json:"luma"`
	// Sheet is a sample of the samples: those with the smallest hashes of the
	// data set's seed and their key, by key.
	Sheet []Sample `json:"-"`

	pixels   int64
	rgb      [3]int64 // sums over all pixels
	colorful int64    // sum of the colourfulness, in millionths: exact in any order
}

func newSplitSurvey(name string) *SplitSurvey {
	return &SplitSurvey{
		Name: name, Widths: newHistogram(octaves(2, 14)), Heights: newHistogram(octaves(2, 14)),
		Aspects:     newHistogram([]float64{0.25, 0.33, 0.5, 0.67, 0.8, 0.95, 1.05, 1.25, 1.5, 2, 3, 4}),
		SampleBytes: newHistogram(decades(2, 8)), Colorfulness: newHistogram(steps(0, 5, 32)),
		Luma: newHistogram(steps(0, 4, 64)),
	}
}

// add counts one picture.
func (s *SplitSurvey) add(l *look) {
	s.Samples++
	s.Bytes += l.bytes
	s.pixels += l.pixels
	for i, v := range l.rgb {
		s.rgb[i] += v
	}
	s.colorful += int64(math.Round(l.colorfulness * 1e6))
	if l.colorfulness < Colorless {
		s.Colorless++
	}
	s.Widths.Add(float64(l.width), 1)
	s.Heights.Add(float64(l.height), 1)
	s.Aspects.Add(float64(l.width)/float64(l.height), 1)
	s.SampleBytes.Add(float64(l.bytes), 1)
	s.Colorfulness.Add(l.colorfulness, 1)
	for i, n := range l.luma {
		s.Luma.Counts[i] += n
	}
}

// finish makes means of sums.
func (s *SplitSurvey) finish() {
	if s.Samples == 0 {
		return
	}
	for i, v := range s.rgb {
		s.MeanColor[i] = float64(v) / float64(s.pixels)
	}
	s.MeanColorfulness = float64(s.colorful) / 1e6 / float64(s.Samples)
}

// Mean returns MeanColor rounded to 8 bits.
func (s *SplitSurvey) Mean() pixel.Color {
	var c pixel.Color
	for i, v := range s.MeanColor {
		c[i] = uint8(math.Round(v))
	}
	return c
}
