// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/progress"
)

func init() {
	register.DoFn3x1[context.Context, int, func(string, int), error](&workFn{})
	register.DoFn2x0[string, func(*int) bool](&sinkFn{})
	register.Emitter2[string, int]()
	register.Iter1[int]()
}

// workFn counts its elements, or fails, panics or waits at one of them.
type workFn struct{ Fail, Panic, Wait int }

var (
	elements = beam.NewCounter("test", "elements")
	sums     = beam.NewCounter("test", "sums")
	// waiting is told when a workFn waits: the DoFn arrives as JSON and cannot
	// carry a channel.
	waiting = make(chan struct{}, 16)
)

func (f *workFn) ProcessElement(ctx context.Context, n int, emit func(string, int)) error {
	ctx, stop := progress.Bind(ctx)
	defer stop()
	switch n {
	case f.Fail:
		return errors.New("this element is cursed")
	case f.Panic:
		panic("this element explodes")
	case f.Wait:
		waiting <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	elements.Inc(ctx, 1)
	sums.Inc(ctx, int64(n))
	emit("", n)
	return nil
}

type sinkFn struct{}

func (*sinkFn) ProcessElement(_ string, next func(*int) bool) {
	for n := 0; next(&n); { //nolint:revive // draining is the point
	}
}

func pipeline(f *workFn) *beam.Pipeline {
	p, s := NewPipeline()
	beam.ParDo0(s, &sinkFn{}, beam.GroupByKey(s, beam.ParDo(s, f, beam.Create(s, 1, 2, 3, 4))))
	return p
}

var local = []string{"direct", "prism"}

func TestRun(t *testing.T) {
	t.Parallel()
	for _, name := range local {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := Run(t.Context(), Job{Runner: name}, pipeline(&workFn{}))
			if err != nil || c["test.elements"] != 4 || c["test.sums"] != 10 {
				t.Errorf("Run = %v, %v", c, err)
			}
		})
	}
}

func TestRunTogether(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for range 4 {
		for _, name := range local {
			all.Go(func() {
				if c, err := Run(t.Context(), Job{Runner: name}, pipeline(&workFn{})); err != nil || c["test.elements"] != 4 {
					t.Errorf("%s: Run = %v, %v", name, c, err)
				}
			})
		}
	}
	all.Wait()
}

func TestRunFails(t *testing.T) {
	t.Parallel()
	for _, name := range local {
		for _, tt := range []struct {
			fn   workFn
			want string
		}{{workFn{Fail: 3}, "this element is cursed"}, {workFn{Panic: 2}, "this element explodes"}} {
			_, err := Run(t.Context(), Job{Runner: name}, pipeline(&tt.fn))
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.IsRequest(err) {
				t.Errorf("%s: Run = %v, want %q", name, err, tt.want)
			}
		}
	}
}

func TestRunCancelled(t *testing.T) {
	for _, name := range local {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-waiting; cancel() }()
			if _, err := Run(ctx, Job{Runner: name}, pipeline(&workFn{Wait: 4})); !errors.Is(err, context.Canceled) {
				t.Errorf("Run = %v, want context.Canceled", err)
			}
			if c, err := Run(t.Context(), Job{Runner: name}, pipeline(&workFn{})); err != nil || c["test.elements"] != 4 {
				t.Errorf("the next Run = %v, %v", c, err)
			}
		})
	}
}

// TestRunDeadline would end the test binary if the deadline reached prism.
func TestRunDeadline(t *testing.T) {
	for _, name := range local {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if _, err := Run(ctx, Job{Runner: name}, pipeline(&workFn{Wait: 4})); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: Run = %v, want context.DeadlineExceeded", name, err)
		}
		cancel()
		<-waiting
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, want string }{
		{"direct", ""},
		{"prism", ""},
		{"flink", `runner "flink" must be given -endpoint`},
		{"spark", `runner "spark" must be given -endpoint`},
		{"universal", `runner "universal" must be given -endpoint`},
		{"", "runner must be one of direct, prism, flink, spark, universal, dataflow"},
		{"Prism", `got "Prism"`},
	}
	for _, tt := range tests {
		err := Job{Runner: tt.name}.Validate()
		if tt.want == "" && err != nil || tt.want != "" && (!fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("Validate(%q) = %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestFlags(t *testing.T) {
	names := BeamFlagNames()
	for _, want := range []string{"endpoint", "environment_type", "parallelism", "project", "region", "staging_location"} {
		if !slices.Contains(names, want) {
			t.Errorf("BeamFlagNames lacks %q", want)
		}
	}
	for _, name := range names {
		if name == "runner" || name == "worker" || name == "id" || strings.HasPrefix(name, "test.") {
			t.Errorf("BeamFlagNames offers %q", name)
		}
	}
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	own := fs.String("zone", "mine", "a flag of the command's own")
	Flags(fs)
	if err := fs.Parse([]string{"-parallelism=3", "-beam_strict", "-zone", "here", "-worker_binary", ""}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(flag.Set("parallelism", "-1"), flag.Set("beam_strict", "false")); err != nil {
			t.Error(err)
		}
	})
	if *jobopts.Parallelism != 3 || !*jobopts.Strict || *own != "here" || flag.Lookup("zone").Value.String() != "" {
		t.Errorf("parallelism %d, strict %v, own zone %q", *jobopts.Parallelism, *jobopts.Strict, *own)
	}
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["parallelism"] || !given["worker_binary"] || given["zone"] {
		t.Errorf("flags that Beam sees as given: %v", given)
	}
	if err := fs.Parse([]string{"-parallelism=many"}); err == nil {
		t.Error("a wrong value is accepted")
	}
}

func TestIsWorker(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args string
		want bool
	}{
		{"--worker=true --id=1-1 --control_endpoint=localhost:1", true},
		{"--id=1-1 -worker", true},
		{"--worker=false", false},
		{"prepare --worker=true", false},
		{"prepare -workers 2", false},
		{"-workers=2", false},
		{"worker", false},
		{"", false},
	}
	for _, tt := range tests {
		if got := isWorker(strings.Fields(tt.args)); got != tt.want {
			t.Errorf("isWorker(%q) = %v", tt.args, got)
		}
	}
	if WorkerMain([]string{"prepare"}) {
		t.Error("WorkerMain takes a command for a worker")
	}
}

// TestQuiet runs jobs in a process of their own and looks at what they leave:
// nothing on its streams, and no temporary file.
func TestQuiet(t *testing.T) {
	if os.Getenv("RUNNER_TEST_QUIET") != "" {
		for _, name := range local {
			if _, err := Run(t.Context(), Job{Runner: name}, pipeline(&workFn{})); err != nil {
				t.Fatal(err)
			}
			if _, err := Run(t.Context(), Job{Runner: name}, pipeline(&workFn{Fail: 3})); err == nil {
				t.Fatal("no error")
			}
		}
		return
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestQuiet$")
	cmd.Env = append(os.Environ(), "RUNNER_TEST_QUIET=1", "TMPDIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "PASS" {
		t.Errorf("%v; the job's process wrote:\n%s", err, out)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
