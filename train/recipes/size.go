// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// Resize returns the recipe for pictures of another size. num_downs goes along,
// so that the U-Net's bottleneck keeps its side: 7 at 256 px is 5 at 64. Where
// the size is no multiple of that many halvings it is the most that divides.
// All else stays; what that means for the networks is said by [Changes].
func (r Recipe) Resize(size int) Recipe {
	if size >= 2 && r.Size >= 2 {
		shift := math.Round(math.Log2(float64(size) / float64(r.Size)))
		r.Downs = max(1, min(r.Downs+int(shift), bits.TrailingZeros(uint(size))))
	}
	r.Size = size
	return r
}

// Changes returns what a recipe changes in another, a line each: keys
// ("num_downs 7 -> 5"), and what follows from them for the networks. What
// [About] says does not count. Of recipes that [Recipe.Validate] refuses only
// the keys are compared.
func Changes(from, to Recipe) []string {
	var lines []string
	for _, key := range Differences(from, to) {
		x, _ := from.field(key)
		y, _ := to.field(key)
		lines = append(lines, fmt.Sprintf("%s %s -> %s", key, shown(x), shown(y)))
	}
	if len(lines) == 0 || from.Validate() != nil || to.Validate() != nil {
		return lines
	}
	add := func(what, x, y, note string) {
		if x != "" && y != "" && x != y {
			lines = append(lines, fmt.Sprintf("%s: %s -> %s%s", what, x, y, note))
		}
	}
	weights := func(r Recipe) string { return report.Grouped(r.Generator().ParameterCount()) }
	add("generator's weights", weights(from), weights(to), "")
	add("conv critic's stride", convStride(from), convStride(to), " (report: 256 px only; ours)")
	add("PatchGAN's scores for a picture", patches(from), patches(to), "")
	add("gradient of L1 against the critic's, per picture", balance(from), balance(to),
		", so what is best here need not be best there")
	return lines
}

// convStride returns the stride of a conv critic's layers, the one that leaves
// its linear layer 2x2 maps; see model.CriticConfig.
func convStride(r Recipe) string {
	switch {
	case r.Critic != model.CriticConv:
		return ""
	case r.Size >= 202:
		return "3"
	}
	return "2"
}

// patchSide returns the side of a PatchGAN's map of scores: three halvings, and
// two 4x4 layers at stride 1 with padding 1, each of which takes a row away.
func patchSide(size int) int { return size/8 - 2 }

func patches(r Recipe) string {
	if r.Critic != model.CriticPatchGAN {
		return ""
	}
	return fmt.Sprintf("%dx%d", patchSide(r.Size), patchSide(r.Size))
}

// balance returns the 2-norm of the gradient of the weighted L1 by a generated
// picture, against that of the critic's mean score where the penalty holds the
// norm that it bounds at 1. L1's is l1_weight/sqrt(n) for n values in [-1, 1].
func balance(r Recipe) string {
	if r.Adversary != model.AdversaryWGANGP {
		return ""
	}
	ratio := r.L1Weight / math.Sqrt(3*float64(r.Size)*float64(r.Size))
	if r.Critic == model.CriticPatchGAN && r.PenaltyReduction == model.GPSum {
		ratio *= float64(patchSide(r.Size) * patchSide(r.Size))
	}
	if ratio >= 10 {
		return fmt.Sprintf("%.0f:1", ratio)
	}
	return fmt.Sprintf("%.2g:1", ratio)
}
