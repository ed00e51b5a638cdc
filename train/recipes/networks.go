// SPDX-License-Identifier: Apache-2.0

package recipes

import "github.com/chromabeam/chromabeam/model"

// Generator returns the generator's configuration.
func (r Recipe) Generator() model.GeneratorConfig {
	return model.GeneratorConfig{
		Size: r.Size, InChannels: r.InChannels, OutChannels: r.OutChannels,
		Downs: r.Downs, Filters: r.Filters, Norm: r.Norm,
	}
}

// CriticNetwork returns the critic's configuration, of kind "none" where the
// recipe has no critic.
func (r Recipe) CriticNetwork() model.CriticConfig {
	c := model.CriticConfig{
		Kind: r.Critic, Size: r.Size, Conditional: r.CriticConditional,
		Filters: r.CriticFilters, Norm: r.CriticNorm,
	}
	if r.CriticConditional {
		c.GrayChannels = r.InChannels
	}
	return c
}

// CriticObjective returns the loss that the critic is trained on.
func (r Recipe) CriticObjective() model.CriticObjective {
	return model.CriticObjective{
		Adversary: r.Adversary, Reduction: r.PenaltyReduction, Apart: r.CriticNorm != model.NormBatch,
	}
}
