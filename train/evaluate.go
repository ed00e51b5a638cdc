// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/builtin"
	"github.com/chromabeam/chromabeam/model/origin"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// EvaluateOptions says which network is measured on what.
type EvaluateOptions struct {
	// Model is what [origin.Open] takes, such as a run folder, Data a prepared data
	// set (a folder or gs://), Split its part.
	Model, Data, Split string
	// Checkpoint is model.CheckpointBest, model.CheckpointLast or
	// model.CheckpointEMA; empty takes the best, or the last where there is no
	// best.
	Checkpoint string
	// Batch is the number of pictures computed at once; 0 means 8.
	Batch   int
	Backend *model.Backend
	// PerPicture asks for the scores of each picture.
	PerPicture bool
	// Grid is the number of pictures, the split's first ones, to be shown in
	// Evaluation.Grid; 0 makes none.
	Grid int
	// Progress, if set, is called after each batch.
	Progress func(done, total int64)
}

// PictureScores are those of one picture of a data set.
type PictureScores struct {
	Key        string        `json:"key"`
	Source     string        `json:"source"`
	Raw        pixel.Quality `json:"raw"`
	Recombined pixel.Quality `json:"recombined"`
}

// Evaluation is what a network achieves on a split.
type Evaluation struct {
	Pictures int    `json:"pictures"`
	Split    string `json:"split"`
	// Mode says which statistics the norm layers used.
	Mode string `json:"mode"`
	// Model is the hash of the network's configuration and weights.
	Model string `json:"model"`
	// Raw measures the network's output as it is; Recombined measures what bulk
	// writes: the network's colours under the picture's own luma.
	Raw        pixel.Quality `json:"raw"`
	Recombined pixel.Quality `json:"recombined"`
	// Gray measures the gray pictures as they are: what colours must better.
	Gray pixel.Quality `json:"gray"`
	// TrueColorfulness is the mean over the true pictures.
	TrueColorfulness float64 `json:"true_colorfulness"`
	// Items holds the scores of each picture where they were asked for.
	Items []PictureScores `json:"items,omitempty"`
	// Grid shows gray, generated and true pictures in three rows, nil where it
	// was not asked for.
	Grid *pixel.RGB `json:"-"`
}

// Validate returns every problem of the options, joined.
func (o EvaluateOptions) Validate() error {
	if o.Backend == nil {
		return errors.Join(o.ValidateRequest(), errors.New("backend must be open"))
	}
	return o.ValidateRequest()
}

// ValidateRequest is [EvaluateOptions.Validate] without the backend, which takes
// a while to open.
func (o EvaluateOptions) ValidateRequest() error {
	var problems []error
	fail := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if o.Model == "" {
		fail("model must name a run folder, an exported file or %s", builtin.Name)
	}
	if o.Data == "" {
		fail("data must name a prepared data set")
	}
	if o.Split != "train" && o.Split != "val" && o.Split != "test" {
		fail("split must be train, val or test, got %q", o.Split)
	}
	if err := model.ValidateCheckpoint(o.Checkpoint); err != nil {
		problems = append(problems, err)
	}
	if o.Batch < 0 {
		fail("batch must be at least 0, got %d", o.Batch)
	}
	if o.Grid < 0 || o.Grid > maxGrid {
		fail("pictures in the grid must be in [0, %d], got %d", maxGrid, o.Grid)
	}
	return errors.Join(problems...)
}

// maxGrid bounds the pictures in a grid, which is one picture in memory.
const maxGrid = 64

// Evaluate measures a trained network, in inference mode, on a split of a data
// set. A network or a split that cannot be opened is a request error of package
// fault.
func Evaluate(ctx context.Context, o EvaluateOptions) (result Evaluation, err error) {
	defer recovered("evaluating", &err)
	if err := o.Validate(); err != nil {
		return Evaluation{}, fault.AsRequest(err)
	}
	if o.Batch == 0 {
		o.Batch = 8
	}
	source, err := origin.Open(ctx, o.Model)
	if err != nil {
		return Evaluation{}, fault.Request("opening the network: %w", err)
	}
	config, err := source.Config()
	if errors.Is(err, fs.ErrNotExist) {
		return Evaluation{}, fault.Request("%q holds no network: %w", o.Model, err)
	}
	if err != nil {
		return Evaluation{}, fault.Request("opening the network: %w", err)
	}
	set, err := shard.Open(ctx, o.Data)
	if err != nil {
		return Evaluation{}, fmt.Errorf("opening the data set: %w", err)
	}
	defer set.Close()
	if size := set.Info().Size; size != config.Size {
		return Evaluation{}, fault.Request("size must be that of the data set: the network has %d px, %q has %d px",
			config.Size, o.Data, size)
	}
	p, err := openPictures(set, o.Split, config.Size, 0, new(atomic.Int64))
	if err != nil {
		return Evaluation{}, err
	}
	if p.n == 0 {
		return Evaluation{}, fault.Request("split %q of %q holds no pictures", o.Split, o.Data)
	}
	settings := model.ColorizerOptions{Batch: min(o.Batch, p.n), Checkpoint: o.Checkpoint}
	colorizer, err := model.OpenColorizerFrom(o.Backend, source, settings)
	if err != nil {
		return Evaluation{}, fault.Request("opening the network: %w", err)
	}
	e, err := evaluate(ctx, o, colorizer, p)
	if err := errors.Join(err, colorizer.Close()); err != nil {
		return Evaluation{}, err
	}
	e.Split, e.Mode, e.Model = o.Split, normMode(config.Norm), colorizer.Hash()
	return e, nil
}

// normMode describes inference.
func normMode(n model.Norm) string {
	switch n {
	case model.NormBatch:
		return "inference with running statistics"
	case model.NormInstance, model.NormLayer:
		return "inference with each picture's own statistics"
	default:
		return "inference without normalization"
	}
}

func evaluate(ctx context.Context, o EvaluateOptions, c *model.Colorizer, p *pictures) (Evaluation, error) {
	e := Evaluation{Pictures: p.n}
	var shown []*pixel.RGB
	for start := 0; start < p.n; start += c.Batch() {
		if err := ctx.Err(); err != nil {
			return e, err
		}
		batch, err := evaluateBatch(ctx, c, p, start, min(c.Batch(), p.n-start))
		if err != nil {
			return e, err
		}
		for i, one := range batch {
			if err := e.add(o, p, start+i, one); err != nil {
				return e, err
			}
			if len(shown) < o.Grid {
				shown = append(shown, one.made)
			}
		}
		if o.Progress != nil {
			o.Progress(int64(start+len(batch)), int64(p.n))
		}
	}
	e.Raw.Divide(float64(p.n))
	e.Recombined.Divide(float64(p.n))
	e.Gray.Divide(float64(p.n))
	e.TrueColorfulness /= float64(p.n)
	if len(shown) == 0 {
		return e, nil
	}
	var err error
	e.Grid, err = sampleGrid(p, firstOf(len(shown)), shown)
	return e, err
}

// add counts picture i.
func (e *Evaluation) add(o EvaluateOptions, p *pictures, i int, one evaluated) error {
	e.Raw.Add(one.raw)
	e.Recombined.Add(one.recombined)
	e.Gray.Add(one.gray)
	e.TrueColorfulness += one.trueColorfulness
	if !o.PerPicture {
		return nil
	}
	sample, err := p.reader.Sample(i)
	if err != nil {
		return fmt.Errorf("reading picture %d: %w", i, err)
	}
	e.Items = append(e.Items, PictureScores{
		Key: sample.Key, Source: sample.Meta.Source, Raw: one.raw, Recombined: one.recombined,
	})
	return nil
}
