// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/chromabeam/chromabeam/model/builtin"
	"github.com/chromabeam/chromabeam/pipelines/bulk"
)

// modelUsage describes -model.
const modelUsage = "the trained network, `RUN`: a run folder or a file of export -layout chromabeam, also at gs://, or builtin " +
	"for the one in the box (recipes show builtin tells what that can do)"

// modelFlags adds the flags that colorize and bulk share: which network, and
// what a coloured picture is like.
func modelFlags(fs *flagSet, o *bulk.Options) {
	fs.StringVar(&o.Model, "model", o.Model, modelUsage)
	fs.StringVar(&o.Checkpoint, "checkpoint", o.Checkpoint,
		"which weights of a run folder: last, best, or ema for the moving average")
	fs.StringVar(&o.Backend, "backend", o.Backend, backendUsage)
	fs.StringVar((*string)(&o.Precision), "precision", string(o.Precision), precisionUsage)
	fs.Func("format", "format of the coloured pictures: same, jpeg or png; same keeps JPEG and makes PNG of all else (default same)",
		func(s string) error {
			o.Format = bulk.Format(s)
			return o.Format.Validate()
		})
	fs.IntVar(&o.Quality, "quality", o.Quality, "JPEG quality, 1 to 100; of the colour alone where a JPEG's luma is kept")
	fs.IntVar(&o.Strength, "strength", o.Strength, "how much of the network's colour to take, in `PERCENT`")
	fs.IntVar(&o.RenderSize, "render-size", 0,
		"side in pixels at which the network looks at a picture, 32 to 2048: less is faster, more makes colour follow finer things; "+
			"0 takes the network's own")
	fs.BoolVar(&o.SideBySide, "side-by-side", false, "write the gray picture to the left of the coloured one")
	fs.BoolVar(&o.RecodeLuma, "recode-luma", false,
		"encode the luma of JPEGs anew instead of keeping it bit for bit: slower, and no better")
	fs.Int64Var(&o.Limits.MaxPixels, "max-pixels", o.Limits.MaxPixels, "pictures with more pixels are rejected")
	fs.Int64Var(&o.Limits.MaxBytes, "max-bytes", o.Limits.MaxBytes, "files with more bytes are rejected")
}

// noteBuiltin says what to expect of the model in the box.
func noteBuiltin(term terminal, name string) {
	if name == builtin.Name {
		fmt.Fprint(term.stderr, "model builtin, which knows drawings alone: see chromabeam recipes show builtin\n")
	}
}

// bulkPlaces adds where pictures come from, where they go and under which names.
func bulkPlaces(fs *flagSet, o *bulk.Options) {
	fs.StringVar(&o.Input, "input", "",
		"where the pictures are, `SRC`: a folder, a glob, a zip, tar or tar.gz archive, a .txt or .jsonl list of those, "+
			"or any of it at gs://")
	fs.StringVar(&o.Output, "output", "", "where the coloured pictures go, `DST`: a folder, a .zip or a .tar, or any of it at gs://")
	fs.StringVar(&o.Prefix, "prefix", "", "`TEXT` before the names of coloured pictures")
	fs.StringVar(&o.Suffix, "suffix", "", "`TEXT` after their names and before the extension, such as -color")
	fs.BoolVar(&o.Overwrite, "overwrite", false,
		"replace files that this job has not written itself, and go on where another model or other settings were used")
}

// bulkSelection adds which pictures are coloured.
func bulkSelection(fs *flagSet, o *bulk.Options) {
	fs.BoolVar(&o.SkipColor, "skip-color", false, "leave pictures alone that have colour already")
	fs.IntVar(&o.Limit, "limit", 0, "take only the first `N` pictures of the listing; 0 takes all")
	fs.IntVar(&o.Sample, "sample", 0,
		"take only `N` pictures from all over the input, and say how long the whole would take; 0 takes all")
	fs.BoolVar(&o.RetryRejects, "retry-rejects", false,
		"try damaged pictures again that were rejected; those that could not be read are tried again in any case")
	fs.Func("watch", "keep colouring what arrives, looking every `INTERVAL`, such as 30s; files must stay as they are "+
		"for that long before they are taken; Ctrl-C ends it with the report, and exit code 0 or 3", func(s string) (err error) {
		o.Watch, err = time.ParseDuration(s)
		if err == nil && o.Watch <= 0 {
			err = fmt.Errorf("it must be above 0, got %v", o.Watch)
		}
		return err
	})
}

// bulkEngine adds what the work may take, and how one can look into it.
func bulkEngine(fs *flagSet, o *bulk.Options) {
	fs.IntVar(&o.Batch, "batch", o.Batch, "pictures that go through the network at once")
	fs.IntVar(&o.Workers, "workers", o.Workers,
		"pictures decoded and encoded at once in a process; 0 takes as many as its machine has processors")
	fs.Var((*byteSize)(&o.MemoryBudget), "memory", "bytes that pictures in work may take, `SIZE`; one that needs more runs alone")
	fs.StringVar(&o.MetricsAddr, "metrics-addr", "",
		"serve Prometheus metrics and pprof at this `ADDRESS` of this machine, such as localhost:9090; port 0 picks a free one")
}

// byteSize is a flag for a number of bytes, such as 512MiB.
type byteSize int64

// String returns the size in the largest unit that divides it.
func (b *byteSize) String() string {
	n, units := int64(*b), []string{"", "KiB", "MiB", "GiB"}
	i := 0
	for n > 0 && n%1024 == 0 && i+1 < len(units) {
		n, i = n/1024, i+1
	}
	return strconv.FormatInt(n, 10) + units[i]
}

// Set reads a size.
func (b *byteSize) Set(s string) error {
	count, bytes, err := parseShardSize(s)
	if err != nil || count+bytes == 0 {
		return fmt.Errorf("it must be a number of bytes, or one with KiB, MiB, GiB, KB, MB or GB, got %q", s)
	}
	*b = byteSize(max(count, bytes))
	return nil
}
