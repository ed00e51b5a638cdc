// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/bench"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

func benchCommand() command {
	return command{
		name:     "bench",
		synopsis: "train|infer|codec|shards [flags]",
		summary:  "time training, colouring, picture files or shards here",
		examples: []string{
			"chromabeam bench train",
			"chromabeam bench train -mode wgan-gp -size 64 -batch 8,32 -precision bfloat16",
			"chromabeam bench infer -batch 1,32,256",
			"chromabeam bench infer -model runs/demo -lanes 1",
			"chromabeam bench codec -pixels 4000x3000",
			"chromabeam bench shards -json",
		},
		define: defineBench,
	}
}

// benchFlags are what a measurement is asked for with.
type benchFlags struct {
	recipe, mode, model, checkpoint  string
	backend, precision, convolutions string
	batch, pixels                    string
	settings                         settingList
	size, lanes, pictures            int
	resident                         bool
	repeat                           train.Repeat
	seconds                          float64
	asJSON                           bool
}

// benchKinds are the measurements with the flags that each takes beside the common
// ones.
func benchKinds() map[string][]string {
	return map[string][]string{
		"train": {"recipe", "mode", "set", "size", "batch", "backend", "precision", "convolutions"},
		"infer": {
			"recipe", "set", "model", "checkpoint", "size", "batch", "lanes", "resident", "backend", "precision", "convolutions",
		},
		"codec":  {"size", "pixels"},
		"shards": {"size", "pictures"},
	}
}

func defineBench(fs *flagSet) func(context.Context, terminal, []string) error {
	f := &benchFlags{repeat: train.DefaultRepeat()}
	f.define(fs)
	return func(ctx context.Context, term terminal, args []string) error {
		if len(args) != 1 || benchKinds()[args[0]] == nil {
			return fault.Request("bench takes one of train, infer, codec and shards, got %q", args)
		}
		if err := checkBenchFlags(fs, args[0]); err != nil {
			return err
		}
		f.repeat.Least = time.Duration(f.seconds * float64(time.Second))
		return f.run(ctx, term, args[0])
	}
}

func (f *benchFlags) define(fs *flagSet) {
	fs.StringVar(&f.recipe, "recipe", "6.7",
		"train, infer: recipe whose last stage or network is timed, `NAME`; of a sweep its base")
	fs.StringVar(&f.mode, "mode", "",
		"train: in place of a recipe a step as scripts for other frameworks time it, at a batch of 8: "+
			strings.Join(train.TimedKinds(), ", "))
	fs.Var(&f.settings, "set", "train, infer: change a value of the recipe, `key=value`; may be given again")
	fs.StringVar(&f.model, "model", "",
		"infer: a trained network, `RUN`, also at gs://, or builtin; the recipe's with random weights when not given")
	fs.StringVar(&f.checkpoint, "checkpoint", "",
		"infer: which weights of -model: last, best, or ema; best if there is one when not given")
	fs.IntVar(&f.size, "size", 0, "side of the pictures in `PIXELS`: of the recipe, of the network's input, of prepared pictures; "+
		"that of the recipe, of -model, or 256 when not given")
	fs.StringVar(&f.batch, "batch", "", "train, infer: pictures at once, `N,N,...`, a row of the table each; "+
		"train_batch_size, or 1,8 for infer, when not given")
	fs.IntVar(&f.lanes, "lanes", 0, "infer: batches on their way at once; what the backend likes when not given")
	fs.BoolVar(&f.resident, "resident", false, "infer: the network alone, on a batch that stays on the device as 8-bit levels; "+
		"without it pictures come from and go to memory")
	fs.StringVar(&f.convolutions, "convolutions", "auto", "train, infer -resident: force one form on all convolutions: "+
		"native, convolve, matmul, taps or winograd; auto chooses for each")
	fs.StringVar(&f.pixels, "pixels", "1600x1200", "codec: size of the pictures, `WxH`")
	fs.IntVar(&f.pictures, "pictures", 1000, "shards: pictures in the shard")
	fs.IntVar(&f.repeat.Count, "steps", 0, "timed repetitions; as many as -seconds take when not given")
	fs.Float64Var(&f.seconds, "seconds", f.repeat.Least.Seconds(),
		fmt.Sprintf("least time to measure each row for, with at least %d repetitions", train.MinRepeats))
	fs.IntVar(&f.repeat.Warmup, "warmup", f.repeat.Warmup, "repetitions before the timed ones")
	fs.StringVar(&f.backend, "backend", "auto", "train, infer: "+backendUsage)
	fs.StringVar(&f.precision, "precision", "auto", "train, infer: "+precisionUsage)
	fs.BoolVar(&f.asJSON, "json", false, "print one JSON object with everything")
}

// checkBenchFlags refuses flags that a measurement would pass over, alone or beside
// others.
func checkBenchFlags(fs *flagSet, kind string) error {
	var stray []string
	for _, name := range fs.given() {
		if !slices.Contains(benchKinds()[kind], name) && !slices.Contains([]string{"steps", "seconds", "warmup", "json"}, name) {
			stray = append(stray, "-"+name)
		}
	}
	if len(stray) > 0 {
		return fault.Request("bench %s has no use for %s", kind, strings.Join(stray, " and "))
	}
	return exclusive(fs.given())
}

// exclusive refuses a flag that another one makes useless.
func exclusive(given []string) error {
	has := func(name string) bool { return slices.Contains(given, name) }
	var problems []error
	for _, pair := range [][2]string{
		{"mode", "recipe"}, {"model", "recipe"}, {"model", "set"}, {"resident", "lanes"}, {"steps", "seconds"},
	} {
		if has(pair[0]) && has(pair[1]) {
			problems = append(problems, fmt.Errorf("-%s has no use beside -%s: leave one out", pair[1], pair[0]))
		}
	}
	if has("checkpoint") && !has("model") {
		problems = append(problems, errors.New("-checkpoint goes with -model"))
	}
	return fault.AsRequest(errors.Join(problems...))
}

// run measures, with one line of progress for each row.
func (f *benchFlags) run(ctx context.Context, term terminal, kind string) error {
	show := newBenchProgress(term)
	c := bench.Common{Version: toolVersion(), Repeat: f.repeat, Progress: show.row}
	switch kind {
	case "train":
		return f.runTrain(ctx, term, c, show.end)
	case "infer":
		return f.runInfer(ctx, term, c, show.end)
	case "codec":
		return f.runCodec(ctx, term, c, show.end)
	default:
		return f.runShards(ctx, term, c, show.end)
	}
}

// benchProgress shows one row after the other.
type benchProgress struct {
	term terminal
	what string
	show func(done, total int64, note string)
	stop func()
}

func newBenchProgress(term terminal) *benchProgress { return &benchProgress{term: term} }

// row shows how far a row is; another name begins another line.
func (p *benchProgress) row(what string, done, total int64) {
	if what != p.what {
		p.end()
		p.what = what
		p.show, p.stop = p.term.progress(what, "times")
	}
	p.show(done, total, "")
}

// end ends the last line.
func (p *benchProgress) end() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}
