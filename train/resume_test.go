// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// TestResumeEverything breaks runs off that go through all stages, with all that
// a run may keep besides weights: after every step on go, and in the middle of
// the joint stage on xla:cpu. Both networks' moments, the average and the sums of
// the losses are part of what is compared.
func TestResumeEverything(t *testing.T) {
	r := tinyEverything()
	data := dataset(t, r.Size, 5, 2)
	t.Run("go", func(t *testing.T) {
		base := t.TempDir()
		whole := Options{Recipe: r, Data: data, Output: filepath.Join(base, "whole"), Backend: goBackend(t)}
		want := mustRun(t, whole)
		if want.Steps != 11 {
			t.Fatalf("the run has %d steps, want 11", want.Steps)
		}
		names := make(map[string]bool)
		for name := range tensorsOf(t, whole.Output) {
			head, _, _ := strings.Cut(name, "/down_0/")
			head, _, _ = strings.Cut(head, "/conv_0/")
			names[head] = true
		}
		for _, name := range []string{"generator", "critic", "ema/generator", "adam/generator", "adam/critic", "losses/sums"} {
			if !names[name] {
				t.Errorf("a checkpoint lacks %s", name)
			}
		}
		for at := int64(1); at <= want.Steps; at++ {
			t.Run(fmt.Sprint(at), func(t *testing.T) {
				t.Parallel()
				o := whole
				o.Output = filepath.Join(base, fmt.Sprint(at))
				breakOff(t, o, at)
				o.Resume = true
				mustRun(t, o)
				compareTraining(t, whole.Output, o.Output)
			})
		}
	})
	t.Run("xla_cpu", func(t *testing.T) {
		r := r
		r.Downs, r.CriticSteps, r.GeneratorEpochs, r.CriticEpochs = 1, 1, 0, 0 // compiling takes its time
		o := Options{Recipe: r, Data: data, Output: filepath.Join(t.TempDir(), "whole"), Backend: xlaBackend(t)}
		run := sharing(t, o)
		must(t, run(t.Context(), o))
		whole := o.Output
		o.Output = filepath.Join(t.TempDir(), "broken")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		o.Progress = cancelAt(2, cancel)
		if err := run(ctx, o); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("interrupted after step 2: %v", err)
		}
		o.Resume, o.Progress = true, nil
		must(t, run(t.Context(), o))
		near := cmpopts.EquateApprox(1e-5, 1e-5)
		if diff := cmp.Diff(metricsOf(t, whole), metricsOf(t, o.Output), near); diff != "" {
			t.Errorf("metrics (-unbroken +resumed):\n%s", diff)
		}
		if off := farthest(tensorsOf(t, whole), tensorsOf(t, o.Output)); off > 1e-5 {
			t.Errorf("weights or moments are %g off", off)
		}
	})
}

// breakOff trains until the given number of steps.
func breakOff(t *testing.T, o Options, at int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Progress = cancelAt(at, cancel)
	if _, err := Run(ctx, o); !errors.Is(err, ErrInterrupted) {
		t.Fatalf("interrupted after step %d: %v", at, err)
	}
}

// breakOffStarted does so with a run that was started.
func breakOffStarted(t *testing.T, tr *trainer, at int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tr.o.Progress = cancelAt(at, cancel)
	if _, err := tr.run(ctx); !errors.Is(err, ErrInterrupted) {
		t.Fatalf("interrupted after step %d: %v", at, err)
	}
}

func cancelAt(at int64, cancel func()) func(Progress) {
	return func(p Progress) {
		if p.Step == at {
			cancel()
		}
	}
}

// sharing returns Run in one workspace, so that all runs share what is compiled.
func sharing(t *testing.T, o Options) func(context.Context, Options) error {
	t.Helper()
	set, err := shard.Open(t.Context(), o.Data)
	must(t, err)
	work := newWorkspace(o.Backend)
	t.Cleanup(func() {
		work.close()
		must(t, set.Close())
	})
	return func(ctx context.Context, o Options) error {
		_, err := runIn(ctx, o, set, work)
		return err
	}
}

// cancelling cancels the run when the input of execution number at is made: at
// some moment before that execution, or while one before it computes.
type cancelling struct {
	supply
	cancel func()
	at     int64
	made   chan int64 // its next number
}

func (c cancelling) input(d draw) (input, error) {
	n := <-c.made
	c.made <- n + 1
	if n == c.at {
		c.cancel()
	}
	return c.supply.input(d)
}

// TestInterruptedInsideStep interrupts runs whose steps consist of several
// executions: half a step must not be saved, for the other half would be lost.
func TestInterruptedInsideStep(t *testing.T) {
	r := tinyGAN()
	r.GeneratorEpochs, r.CriticEpochs, r.Epochs, r.CriticSteps = 0, 0, 1, maxUnrolled+1
	data := dataset(t, r.Size, 5, 0)
	base := t.TempDir()
	whole := Options{Recipe: r, Data: data, Output: filepath.Join(base, "whole"), Backend: goBackend(t)}
	steps := mustRun(t, whole).Steps
	executions := steps * int64(len(programsOf(recipes.StageJoint, r)))
	for at := range executions {
		o := whole
		o.Output = filepath.Join(base, fmt.Sprint(at))
		ctx, cancel := context.WithCancel(t.Context())
		tr := startTrainer(t, o)
		made := make(chan int64, 1)
		made <- 0
		tr.supply = cancelling{supply: tr.supply, cancel: cancel, at: at, made: made}
		_, err := tr.run(ctx)
		cancel()
		if err != nil && !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
		o.Resume = true
		mustRun(t, o)
		if diff := cmp.Diff(string(readFile(t, whole.Output, metricsFile)), string(readFile(t, o.Output, metricsFile))); diff != "" {
			t.Errorf("metrics after a break at execution %d (-unbroken +resumed):\n%s", at, diff)
		}
		if off := farthest(tensorsOf(t, whole.Output), tensorsOf(t, o.Output)); off != 0 {
			t.Errorf("weights or moments are %g off after a break at execution %d", off, at)
		}
	}
}

// TestMeans follows sums through a break: the means of a line and of an epoch
// are those over their own steps.
func TestMeans(t *testing.T) {
	t.Parallel()
	var a, b lossVector
	a[lossL1], a[lossCritic], b[lossL1] = 3, -2, 1
	m := mean{}.plus(a, 2).plus(b, 2)
	for l, want := range map[loss]float64{lossL1: 1, lossCritic: -0.5, lossNorm: 0} {
		if got := m.value(l); math.Abs(got-want) > 1e-15 {
			t.Errorf("mean of loss %d is %v, want %v", l, got, want)
		}
	}
	if got := (mean{}).value(lossL1); got != 0 {
		t.Errorf("the mean of nothing is %v, want 0", got)
	}
	var line Metric
	m.fill(&line, measured(recipes.StageCritic, model.AdversaryVanilla))
	zero, half := 0.0, -0.5
	if diff := cmp.Diff(Metric{Critic: &half, Distance: &zero, CriticGradient: &zero}, line); diff != "" {
		t.Errorf("line of a critic's stage (-want +got):\n%s", diff)
	}
}
