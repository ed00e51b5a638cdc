// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
)

func TestSet(t *testing.T) {
	t.Parallel()
	tests := []struct {
		key, value string
		want       any
		wantErr    string
	}{
		{key: "l1_weight", value: "50", want: 50.0},
		{key: "l1_weight", value: "0", wantErr: "l1_weight must be in (0, 10000000], got 0"},
		{key: "l1_weight", value: "NaN", wantErr: "l1_weight must be in (0, 10000000], got NaN"},
		{key: "num_downs", value: "5", want: 5},
		{key: "num_downs", value: "13", wantErr: "num_downs must be in [1, 12], got 13"},
		{key: "num_downs", value: "five", wantErr: `num_downs must be in [1, 12], got "five"`},
		{key: "in_channels", value: "2", wantErr: "in_channels must be 1 or 3, got 2"},
		{key: "norm", value: "instance", want: model.NormInstance},
		{key: "norm", value: "group", wantErr: `norm must be none, batch, instance or layer, got "group"`},
		{key: "critic", value: "conv", want: model.CriticConv},
		{key: "critic", value: "wide", wantErr: `critic must be none, conv or patchgan, got "wide"`},
		{key: "gan_mode", value: "wgan-gp", want: model.AdversaryWGANGP},
		{key: "gan_mode", value: "lsgan", wantErr: `gan_mode must be "", vanilla or wgan-gp, got "lsgan"`},
		{key: "out_channels", value: "2", want: 2},
		{key: "out_channels", value: "4", wantErr: "out_channels must be 2 or 3, got 4"},
		{key: "lr_schedule", value: "cosine", want: RateCosine},
		{key: "lr_schedule", value: "", wantErr: `lr_schedule must be constant, linear or cosine, got ""`},
		{key: "flip", value: "true", want: true},
		{key: "clip_norm", value: "-1", wantErr: "clip_norm must be in [0, 1000000], got -1"},
		{key: "ema", value: "0.999", want: 0.999},
		{key: "ema", value: "1", wantErr: "ema must be in [0, 1), got 1"},
		{key: "critic_conditional", value: "maybe", wantErr: `critic_conditional must be true or false, got "maybe"`},
		{key: "beta1", value: "1", wantErr: "beta1 must be in [0, 1), got 1"},
		{key: "seed", value: "18446744073709551615", want: uint64(math.MaxUint64)},
		{key: "seed", value: "-1", wantErr: `seed must be in [0, 2^64-1], got "-1"`},
		{key: "l1_wieght", value: "50", wantErr: `no key is called "l1_wieght"; the nearest is "l1_weight"`},
		{key: "epoch_num", value: "3", wantErr: `no key is called "epoch_num"; the nearest is "epochs_num"`},
		{key: "about", value: "x", wantErr: `no key is called "about"`},
		{key: "name", value: "x", wantErr: `no key is called "name"`},
		{key: "", value: "x", wantErr: `no key is called ""`},
	}
	for _, tt := range tests {
		t.Run(tt.key+"="+tt.value, func(t *testing.T) {
			r := baseline()
			err := r.Set(tt.key, tt.value)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("error %v, want %q", err, tt.wantErr)
				}
				if diff := cmp.Diff(baseline(), r); diff != "" {
					t.Errorf("the recipe changed:\n%s", diff)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := r.Value(tt.key); got != tt.want {
				t.Errorf("%s is %v, want %v", tt.key, got, tt.want)
			}
			if diff := cmp.Diff([]string{tt.key}, Differences(baseline(), r)); diff != "" {
				t.Errorf("changed keys (-want +got):\n%s", diff)
			}
		})
	}
}

// TestApply: the size takes num_downs along wherever it stands, and what else is
// set has the last word.
func TestApply(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		settings []string
		want     []string // keys that change
		downs    int
		command  string
		wantErr  []string
	}{
		{name: "nothing", downs: 7, command: "chromabeam train -recipe 6.1 -data data/pokemon -output runs/6.1"},
		{
			name: "size", settings: []string{"size=64"}, want: []string{"size", "num_downs"}, downs: 5,
			command: "chromabeam train -recipe 6.1 -set size=64 -data data/pokemon -output runs/6.1",
		},
		{
			name: "downs before size", settings: []string{"num_downs=6", "size=64"}, want: []string{"size", "num_downs"}, downs: 6,
			command: "chromabeam train -recipe 6.1 -set num_downs=6 -set size=64 -data data/pokemon -output runs/6.1",
		},
		{
			name: "all problems", settings: []string{"size=one", "l1_wieght=3", "norm", "g_lr=2"},
			wantErr: []string{`size must be in [2, 4096], got "one"`, `"l1_wieght"`, `a setting must be key=value, got "norm"`, "g_lr must be in (0, 1], got 2"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := baseline().Apply(tt.settings...)
			for _, want := range tt.wantErr {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
			if tt.wantErr != nil {
				if diff := cmp.Diff(baseline(), r); diff != "" {
					t.Errorf("the recipe changed:\n%s", diff)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := Differences(baseline(), r); !slices.Equal(got, tt.want) || r.Downs != tt.downs {
				t.Errorf("changed %q to num_downs %d, want %q and %d", got, r.Downs, tt.want, tt.downs)
			}
			if r.Command != tt.command {
				t.Errorf("command %q, want %q", r.Command, tt.command)
			}
		})
	}
}

func FuzzSet(f *testing.F) {
	f.Add("l1_weight", "50")
	f.Add("seed", "-1")
	f.Add("norm", "batch")
	f.Add("g_lr", "0x1p-3")
	f.Fuzz(func(t *testing.T, key, value string) {
		r := baseline()
		if err := r.Set(key, value); err != nil {
			if diff := cmp.Diff(baseline(), r); diff != "" {
				t.Errorf("the recipe changed although Set said %v:\n%s", err, diff)
			}
			return
		}
		v, ok := r.field(key)
		if !ok {
			t.Fatalf("Set took the unknown key %q", key)
		}
		if err := rules[key].check(key, v); err != nil {
			t.Errorf("Set took a value outside its range: %v", err)
		}
	})
}
