// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		of     Recipe
		change func(*Recipe)
		want   []string // every problem in order, none for a good recipe
	}{
		{"good", baseline(), func(*Recipe) {}, nil},
		{"downs", baseline(), func(r *Recipe) { r.Size, r.Downs = 64, 7 }, []string{"num_downs must be in [1, 6] for 64-px pictures, got 7"}},
		{"size", baseline(), func(r *Recipe) { r.Size = 100 }, []string{"num_downs must be in [1, 6] for 100-px pictures, got 7"}},
		{"multiple", baseline(), func(r *Recipe) { r.Size, r.Downs = 100, 5 }, []string{"size must be a multiple of 2^num_downs = 32, got 100"}},
		{"chroma", baseline(), func(r *Recipe) { r.OutChannels = 2 }, nil},
		{"rate schedule", baseline(), func(r *Recipe) { r.RateSchedule = "" }, []string{`lr_schedule must be constant, linear or cosine, got ""`}},
		{"unknown critic", baseline(), func(r *Recipe) { r.Critic = "wide" }, []string{`critic must be none, conv or patchgan, got "wide"`}},
		{"critic keys", baseline(), func(r *Recipe) {
			r.Adversary, r.CriticSteps, r.PenaltyWeight, r.GeneratorEpochs = model.AdversaryVanilla, 3, 10, 2
		}, []string{
			`gan_mode needs a critic, but critic is "none"; got "vanilla"`,
			`d_coef needs a critic, but critic is "none"; got 3`,
			`lambda needs a critic, but critic is "none"; got 10`,
			`g_epochs_num needs a critic, but critic is "none"; got 2`,
		}},
		{"several", baseline(), func(r *Recipe) { r.TrainBatchSize, r.GeneratorRate, r.LogEach = 0, -1, 0 }, []string{
			"train_batch_size must be in [1, 4096], got 0", "g_lr must be in (0, 1], got -1", "log_each must be in [1, 1000000], got 0",
		}},
		{"critic alone", baseline(), func(r *Recipe) { r.Critic = model.CriticPatchGAN }, []string{
			"critic_filters must be in [1, 512] with a critic, got 0",
			`critic_norm must be none, batch, instance or layer with a critic, got ""`,
			`gan_mode must be vanilla or wgan-gp with a critic, got ""`,
			"d_coef must be at least 1 with a critic, got 0",
			"d_lr must be in (0, 1] with a critic, got 0",
		}},
		{"batch norm under a penalty", patchGAN(), func(r *Recipe) { r.CriticNorm = model.NormBatch }, []string{
			"critic_norm must be none, instance or layer under wgan-gp, since batch norm couples " +
				`the samples whose gradients the penalty bounds, got "batch"`,
		}},
		{"batch norm under vanilla", photos(), func(r *Recipe) { r.CriticNorm = model.NormBatch }, nil},
		{"conv critic with norm", wganGP(), func(r *Recipe) { r.CriticNorm = model.NormBatch }, []string{`critic_norm must be none for a conv critic, got "batch"`}},
		{"conv critic's empty map", vanilla(), func(r *Recipe) { *r = r.Resize(128) }, []string{"size must be in [62, 77] or [202, 282] for a conv critic, got 128"}},
		{"small PatchGAN", patchGAN(), func(r *Recipe) { *r = r.Resize(16) }, []string{"size must be in [24, 4096] for a patchgan critic, got 16"}},
		{"least PatchGAN", patchGAN(), func(r *Recipe) { *r = r.Resize(24) }, nil},
		{"no penalty", wganGP(), func(r *Recipe) { r.PenaltyWeight, r.PenaltyReduction = 0, "" }, []string{
			"lambda must be above 0 under wgan-gp, got 0", `gp_reduction must be sum or mean under wgan-gp, got ""`,
		}},
		{"penalty under vanilla", vanilla(), func(r *Recipe) { r.PenaltyWeight, r.PenaltyReduction = 10, model.GPSum }, []string{
			"lambda must be 0 under vanilla, which has no penalty, got 10",
			`gp_reduction must be "" under vanilla, which has no penalty, got "sum"`,
		}},
		{"warm-up of all epochs", oneChannel(), func(r *Recipe) { r.GeneratorEpochs, r.CriticEpochs = 25, 25 }, nil},
		{"more warm-up than epochs", oneChannel(), func(r *Recipe) { r.GeneratorEpochs, r.CriticEpochs = 48, 3 }, []string{
			"g_epochs_num + d_epochs_num must be at most epochs_num = 50, got 48 + 3",
		}},
		{"said once", oneChannel(), func(r *Recipe) { r.CriticSteps, r.PenaltyWeight, r.Epochs, r.Size, r.CriticFilters = -1, -1, 0, 1, 513 }, []string{
			"size must be in [2, 4096], got 1", "critic_filters must be in [0, 512], got 513", "d_coef must be in [0, 1000], got -1",
			"lambda must be in [0, 1000000], got -1", "epochs_num must be in [1, 1000000], got 0",
		}},
		{"all at once", wganGP(), func(r *Recipe) {
			r.LogEach, r.CriticNorm, r.CriticSteps, r.GeneratorEpochs, r.Size = 0, model.NormBatch, 0, 101, 100
		}, []string{
			"log_each must be in [1, 1000000], got 0",
			`critic_norm must be none for a conv critic, got "batch"`,
			"size must be in [62, 77] or [202, 282] for a conv critic, got 100",
			"d_coef must be at least 1 with a critic, got 0",
			"g_epochs_num + d_epochs_num must be at most epochs_num = 100, got 101 + 0",
			"num_downs must be in [1, 6] for 100-px pictures, got 7",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.change(&tt.of)
			var got []string
			if err := tt.of.Validate(); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// TestValidateSweep: what is wrong with every run is said once.
func TestValidateSweep(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Experiment)
		want   []string
	}{
		{"good", func(*Experiment) {}, nil},
		{"base", func(e *Experiment) { e.LogEach, e.CriticRate = 0, 0 }, []string{
			"log_each must be in [1, 1000000], got 0", "d_lr must be in (0, 1] with a critic, got 0",
		}},
		{"one run", func(e *Experiment) { e.Vary.Values[1] = "0" }, []string{"d_coef must be at least 1 with a critic, got 0"}},
		{"values", func(e *Experiment) { e.Vary.Values = []string{"few", "-3"} }, []string{
			`d_coef must be in [0, 1000], got "few"`, "d_coef must be in [0, 1000], got -3",
		}},
		{"one value", func(e *Experiment) { e.Vary.Values = []string{"1"} }, []string{`a sweep must have two values or more, got ["1"]`}},
		{"twice", func(e *Experiment) { e.Vary.Values = []string{"1", "1"} }, []string{`the labels of a sweep must differ, got ["d_coef=1" "d_coef=1"]`}},
		{"best", func(e *Experiment) { e.Vary.Values, e.Vary.Best = []string{"1", "2"}, "3" }, []string{
			`the best of a sweep must be one of its runs ["d_coef=1" "d_coef=2"], got "d_coef=3"`,
		}},
		{"labels", func(e *Experiment) { e.Vary.Labels = []string{"a"} }, []string{"a sweep must have a label for each of its 6 values, got 1"}},
		{"key", func(e *Experiment) { e.Vary = Vary{Key: "d_coeff", Values: []string{"1", "2"}} }, []string{
			`no key is called "d_coeff"; the nearest is "d_coef"`, `no key is called "d_coeff"; the nearest is "d_coef"`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := criticSteps()
			tt.change(&e)
			var got []string
			if err := e.Validate(); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
