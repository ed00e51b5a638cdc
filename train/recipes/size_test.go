// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ size, want int }{
		{256, 7}, {128, 6}, {64, 5}, {32, 4}, {16, 3}, {8, 2}, {4, 1}, {2, 1}, {512, 8}, {1024, 9},
		{96, 5}, {192, 6}, {100, 2}, {77, 1}, {0, 7}, {-3, 7},
	} {
		if r := baseline().Resize(tt.size); r.Size != tt.size || r.Downs != tt.want {
			t.Errorf("at %d px: size %d, num_downs %d; want num_downs %d", tt.size, r.Size, r.Downs, tt.want)
		}
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	broken := wganGP()
	broken.CriticSteps = 0
	tests := []struct {
		name     string
		from, to Recipe
		want     []string
	}{
		{"none", wganGP(), wganGP(), nil},
		{"baseline", baseline(), baseline().Resize(64), []string{
			"size 256 -> 64", "num_downs 7 -> 5", "generator's weights: 41,828,995 -> 16,659,075",
		}},
		{"conv critic", wganGP(), wganGP().Resize(64), []string{
			"size 256 -> 64", "num_downs 7 -> 5", "generator's weights: 41,828,995 -> 16,659,075",
			"conv critic's stride: 3 -> 2 (report: 256 px only; ours)",
			"gradient of L1 against the critic's, per picture: 0.023:1 -> 0.09:1, so what is best here need not be best there",
		}},
		{"PatchGAN", patchGAN(), patchGAN().Resize(64), []string{
			"size 256 -> 64", "num_downs 7 -> 5", "generator's weights: 41,828,995 -> 16,659,075",
			"PatchGAN's scores for a picture: 30x30 -> 6x6",
			"gradient of L1 against the critic's, per picture: 101:1 -> 16:1, so what is best here need not be best there",
		}},
		{"reduction", patchGAN(), patchGANMean(), []string{
			`gp_reduction "sum" -> "mean"`,
			"gradient of L1 against the critic's, per picture: 101:1 -> 0.11:1, so what is best here need not be best there",
		}},
		{"delay", delayed(), noDelay(), []string{"g_epochs_num 2 -> 0"}},
		{"invalid", wganGP(), broken, []string{"d_coef 20 -> 0"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, Changes(tt.from, tt.to)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
