// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"context"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// Forecast is what a job has before it, as far as its listing and a trial show.
type Forecast struct {
	// Pictures and Bytes are those of the whole listing, Extensions the same by
	// the extension of the pictures' names, the most frequent first.
	Pictures   int64            `json:"pictures"`
	Bytes      int64            `json:"bytes"`
	Extensions []ExtensionCount `json:"extensions"`
	// Done are in the output already. Settled were left or rejected for good by
	// earlier runs. NoPlace cannot have a place in the output and will be rejected.
	// The others, of ToDoBytes, are ToDo.
	Done      int64 `json:"done"`
	Settled   int64 `json:"settled"`
	NoPlace   int64 `json:"no_place"`
	ToDo      int64 `json:"to_do"`
	ToDoBytes int64 `json:"to_do_bytes"`
	// Seconds is about how long ToDo will take on this machine, going by Trial
	// pictures from all over the input that took TrialSeconds. It is 0 where there
	// was none to try.
	Seconds      float64 `json:"seconds"`
	Trial        int64   `json:"trial"`
	TrialSeconds float64 `json:"trial_seconds"`
	// Submission is what an engine elsewhere would be handed over; nil with a local
	// runner, and where there is nothing to do.
	Submission *runner.Submission `json:"submission,omitempty"`
}

// ExtensionCount counts the pictures of one extension, in lower case and with its dot.
type ExtensionCount struct {
	Extension string `json:"extension"`
	Pictures  int64  `json:"pictures"`
	Bytes     int64  `json:"bytes"`
}

// extrapolate sets the trial and with it how long the work will take.
func (f *Forecast) extrapolate(pictures int64, took time.Duration) {
	if pictures == 0 {
		return
	}
	f.Trial, f.TrialSeconds = pictures, took.Seconds()
	f.Seconds = f.TrialSeconds / float64(pictures) * float64(f.ToDo)
}

// census counts what goes through a listing. It is not safe for concurrent use.
type census struct {
	source.Source

	extensions map[string]ExtensionCount
}

func newCensus(src source.Source) *census { return &census{src, map[string]ExtensionCount{}} }

func (c *census) List(ctx context.Context, yield func(source.Ref) error) error {
	return c.Source.List(ctx, func(r source.Ref) error {
		ext := strings.ToLower(path.Ext(string(r.Member)))
		k := c.extensions[ext]
		c.extensions[ext] = ExtensionCount{ext, k.Pictures + 1, k.Bytes + r.Size}
		return yield(r)
	})
}

// forecast returns the counts of the listing.
func (c *census) forecast() Forecast {
	f := Forecast{Extensions: slices.SortedFunc(maps.Values(c.extensions), func(a, b ExtensionCount) int {
		return cmp.Or(cmp.Compare(b.Pictures, a.Pictures), cmp.Compare(a.Extension, b.Extension))
	})}
	for _, k := range f.Extensions {
		f.Pictures += k.Pictures
		f.Bytes += k.Bytes
	}
	return f
}
