// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reportTables are the report's own values, as its tables and its text print
// them. Of a swept key they hold all values.
var reportTables = map[string]map[string]string{
	"6.1": {
		"critic": "none", "in_channels": "3", "epochs_num": "100", "train_batch_size": "1", "val_batch_size": "64",
		"g_lr": "0.0003", "l1_weight": "1", "log_each": "50",
	},
	"6.2": {
		"critic": "conv", "critic_filters": "16", "critic_norm": "none", "critic_conditional": "false", "gan_mode": "vanilla",
		"in_channels": "3", "epochs_num": "100", "train_batch_size": "1", "val_batch_size": "64",
		"g_lr": "0.0003", "d_lr": "0.0003", "log_each": "50",
	},
	"6.3": {
		"critic": "conv", "critic_filters": "16", "critic_norm": "none", "critic_conditional": "false", "gan_mode": "wgan-gp",
		"in_channels": "3", "epochs_num": "100", "train_batch_size": "8", "val_batch_size": "64",
		"g_lr": "1e-05", "d_lr": "1e-05", "d_coef": "20", "l1_weight": "10", "lambda": "10", "log_each": "5",
	},
	"6.4": {
		"critic": "conv", "critic_filters": "16", "critic_norm": "none", "critic_conditional": "false", "gan_mode": "wgan-gp",
		"in_channels": "3", "epochs_num": "100", "train_batch_size": "8", "val_batch_size": "64",
		"g_lr": "0.001", "d_lr": "0.0001", "d_coef": "10", "l1_weight": "300000", "lambda": "10", "log_each": "5",
		"g_epochs_num": "2",
	},
	"6.5": {
		"critic": "patchgan", "gan_mode": "wgan-gp",
		"in_channels": "3", "epochs_num": "100", "train_batch_size": "8",
		"g_lr": "0.001", "d_lr": "0.0001", "adv_g_lr": "0.001", "adv_d_lr": "0.0001",
		"d_coef": "2", "l1_weight": "50", "lambda": "10", "log_each": "5", "g_epochs_num": "0",
	},
	"6.6": {
		"critic": "patchgan", "gan_mode": "wgan-gp",
		"in_channels": "1", "epochs_num": "50",
		"g_lr": "0.0001", "d_lr": "0.0001", "adv_g_lr": "0.001", "adv_d_lr": "0.0001",
		"d_coef": "3", "l1_weight": "50", "lambda": "10", "log_each": "5", "g_epochs_num": "2", "d_epochs_num": "2",
	},
	"6.7": {
		"critic": "patchgan", "gan_mode": "wgan-gp",
		"in_channels": "1", "epochs_num": "20", "train_batch_size": "8",
		"g_lr": "0.0001", "d_lr": "0.0001", "adv_g_lr": "0.001", "adv_d_lr": "0.0001",
		"d_coef": "3", "l1_weight": "10 25 50 75 100", "lambda": "10", "log_each": "25", "g_epochs_num": "2", "d_epochs_num": "2",
	},
	"6.8": {
		"critic": "patchgan", "gan_mode": "wgan-gp",
		"in_channels": "1", "epochs_num": "20", "train_batch_size": "4 8 16 32",
		"g_lr": "0.0001", "d_lr": "0.0001", "adv_g_lr": "0.001", "adv_d_lr": "0.0001",
		"d_coef": "3", "l1_weight": "25", "lambda": "10", "log_each": "25", "g_epochs_num": "2", "d_epochs_num": "2",
	},
	"6.9": {
		"critic": "patchgan", "gan_mode": "wgan-gp",
		"in_channels": "1", "epochs_num": "20", "train_batch_size": "8",
		"g_lr": "0.0001", "d_lr": "0.0001", "adv_g_lr": "0.001", "adv_d_lr": "0.0001",
		"d_coef": "1 2 3 4 5 6", "l1_weight": "25", "lambda": "10", "log_each": "25", "g_epochs_num": "2", "d_epochs_num": "2",
	},
}

// TestReport holds the report's tables beside ours. What a table lacks must be
// marked as ours, unless it is absent here too.
func TestReport(t *testing.T) {
	t.Parallel()
	for _, e := range All() {
		if !e.Reproduces() {
			continue
		}
		want := reportTables[e.Name]
		got := map[string]string{}
		for _, key := range Keys() {
			value, _ := e.Value(key)
			text := fmt.Sprint(value)
			if key == e.Vary.Key {
				text = strings.Join(e.Vary.Values, " ")
			}
			_, given := want[key]
			switch v, _ := e.field(key); {
			case given:
				got[key] = text
				if slices.Contains(e.Ours, key) {
					t.Errorf("%s marks %s as ours, which the report gives", e.Name, key)
				}
			case slices.Contains([]string{"size", "out_channels", "num_downs"}, key): // given throughout
				if want := map[string]string{"size": "256", "out_channels": "3", "num_downs": "7"}[key]; text != want {
					t.Errorf("%s has %s %s, want %s", e.Name, key, text, want)
				}
			case !v.IsZero() && !slices.Contains(e.Ours, key):
				t.Errorf("%s does not mark %s as ours, which the report leaves open", e.Name, key)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-report +ours):\n%s", e.Name, diff)
		}
	}
}

// TestSingleChanges: a controlled variant changes one value.
func TestSingleChanges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b Recipe
		want []string
	}{
		{delayed(), noDelay(), []string{"g_epochs_num"}},
		{patchGAN(), patchGANMean(), []string{"gp_reduction"}},
		{oneChannel(), threeChannels(), []string{"in_channels"}},
		{l1Weight().Recipe, l1WeightMean().Recipe, []string{"gp_reduction"}},
		{l1Weight().Recipe, batchSize().Recipe, nil},
		{l1Weight().Recipe, criticSteps().Recipe, nil},
		{l1Weight().Recipe, animeFinal(), []string{"size", "num_downs"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, Differences(tt.a, tt.b)); diff != "" {
			t.Errorf("%s to %s (-want +got):\n%s", tt.a.Name, tt.b.Name, diff)
		}
	}
}

// TestNetworks compares the recipes' networks with the report's and with the
// published ones by their weights.
func TestNetworks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		of                Recipe
		generator, critic int64
	}{
		{baseline(), 41_828_995, 0},
		{vanilla(), 41_828_995, 173_553},
		{wganGP().Resize(64), 16_659_075, 173_553},
		{oneChannel(), 41_826_947, 2_765_761},
	} {
		if got := tt.of.Generator().ParameterCount(); got != tt.generator {
			t.Errorf("%s: the generator has %d weights, want %d", tt.of.Name, got, tt.generator)
		}
		if !tt.of.Adversarial() {
			continue
		}
		if got := tt.of.CriticNetwork().ParameterCount(); got != tt.critic {
			t.Errorf("%s: the critic has %d weights, want %d", tt.of.Name, got, tt.critic)
		}
	}
}
