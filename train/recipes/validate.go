// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"errors"
	"fmt"

	"github.com/chromabeam/chromabeam/model"
)

// criticKeys have a meaning only beside a critic.
var criticKeys = []string{
	"gan_mode", "critic_conditional", "critic_filters", "critic_norm", "d_coef", "shared_batch", "lambda", "gp_reduction",
	"g_epochs_num", "d_epochs_num", "d_lr", "adv_g_lr", "adv_d_lr",
}

// Validate returns every problem of the recipe, joined: values outside their
// range, and values that do not fit each other.
func (r Recipe) Validate() error { return errors.Join(r.problems()...) }

func (r Recipe) problems() []error {
	c := checker{Recipe: r, outside: map[string]bool{}}
	for _, key := range Keys() {
		v, _ := r.field(key)
		if err := rules[key].check(key, v); err != nil {
			c.outside[key] = true
			c.problems = append(c.problems, err)
		}
	}
	switch {
	case c.outside["critic"]:
	case r.Adversarial():
		c.critic()
		c.adversary()
		c.schedule()
	default:
		c.withoutCritic()
	}
	// The network's own rules repeat some ranges: they speak where the keys by
	// themselves are right. They are all there is to ask of the size: norms
	// come after the innermost layer's neighbour, whose maps are 2x2 or more.
	if c.sound("size", "num_downs", "in_channels", "out_channels", "filters", "norm") {
		if err := r.Generator().Validate(); err != nil {
			c.problems = append(c.problems, err)
		}
	}
	return c.problems
}

// checker gathers a recipe's problems. A rule between keys is silent where one
// of them is outside its own range, which has been said already.
type checker struct {
	Recipe
	outside  map[string]bool
	problems []error
}

// sound tells whether all keys are in their own ranges.
func (c *checker) sound(keys ...string) bool {
	for _, key := range keys {
		if c.outside[key] {
			return false
		}
	}
	return true
}

// want reports a problem of one key, unless its rule holds. The message ends
// with the key's value.
func (c *checker) want(holds bool, key, rule string) {
	if holds || c.outside[key] {
		return
	}
	v, _ := c.field(key)
	c.problems = append(c.problems, fmt.Errorf("%s %s, got %s", key, rule, shown(v)))
}

func (c *checker) withoutCritic() {
	for _, key := range criticKeys {
		if v, _ := c.field(key); !v.IsZero() {
			c.problems = append(c.problems, fmt.Errorf("%s needs a critic, but critic is %q; got %s", key, string(c.Critic), shown(v)))
		}
	}
}

// critic holds the rules of the critic as a network.
func (c *checker) critic() {
	c.want(c.CriticFilters > 0, "critic_filters", "must be in [1, 512] with a critic")
	conv := c.Critic == model.CriticConv
	if conv {
		c.want(c.CriticNorm == model.NormNone, "critic_norm", "must be none for a conv critic")
	} else {
		c.want(c.CriticNorm != "", "critic_norm", "must be none, batch, instance or layer with a critic")
	}
	if c.CriticNorm == model.NormBatch && c.Adversary == model.AdversaryWGANGP && !conv {
		c.want(false, "critic_norm",
			"must be none, instance or layer under wgan-gp, since batch norm couples the samples whose gradients the penalty bounds")
	}
	if !c.sound("size") {
		return
	}
	// Of the network's own rules only those of its size are left: of a conv
	// critic too small or too large nothing, or too much, would be left for its
	// linear layer, and from the smallest size on a PatchGAN's normed maps are
	// 2x2 or more.
	if err := (model.CriticConfig{Kind: c.Critic, Size: c.Size, Filters: 1, Norm: model.NormNone}).Validate(); err != nil {
		c.problems = append(c.problems, err)
	}
}

// adversary holds the rules of the loss.
func (c *checker) adversary() {
	c.want(c.Adversary != "", "gan_mode", "must be vanilla or wgan-gp with a critic")
	switch c.Adversary {
	case model.AdversaryWGANGP:
		c.want(c.PenaltyWeight > 0, "lambda", "must be above 0 under wgan-gp")
		c.want(c.PenaltyReduction != "", "gp_reduction", "must be sum or mean under wgan-gp")
	case model.AdversaryVanilla:
		c.want(c.PenaltyWeight == 0, "lambda", "must be 0 under vanilla, which has no penalty")
		c.want(c.PenaltyReduction == "", "gp_reduction", `must be "" under vanilla, which has no penalty`)
	}
}

// schedule holds the rules of stages and steps.
func (c *checker) schedule() {
	c.want(c.CriticSteps >= 1, "d_coef", "must be at least 1 with a critic")
	c.want(c.CriticRate > 0, "d_lr", "must be in (0, 1] with a critic")
	if warm := c.GeneratorEpochs + c.CriticEpochs; warm > c.Epochs && c.sound("g_epochs_num", "d_epochs_num", "epochs_num") {
		c.problems = append(c.problems, fmt.Errorf("g_epochs_num + d_epochs_num must be at most epochs_num = %d, got %d + %d",
			c.Epochs, c.GeneratorEpochs, c.CriticEpochs))
	}
}
