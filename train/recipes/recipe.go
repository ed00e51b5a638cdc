// SPDX-License-Identifier: Apache-2.0

package recipes

import "github.com/chromabeam/chromabeam/model"

// Recipe describes one training run completely. It is a plain value: copies
// are independent.
type Recipe struct { //nolint:recvcheck // Set changes a recipe, everything else takes a copy
	About `json:"about"`

	// Data.

	// Size is the side of the pictures in pixels; the data set's must be equal.
	Size int `json:"size"`
	// TrainBatchSize is the number of pictures in a training step,
	// ValBatchSize in a step of validation.
	TrainBatchSize int `json:"train_batch_size"`
	ValBatchSize   int `json:"val_batch_size"`
	// TrainLimit and ValLimit use only that many pictures of a split, its
	// first ones; 0 uses all.
	TrainLimit int `json:"train_limit"`
	ValLimit   int `json:"val_limit"`
	// Flip mirrors each training picture left to right with probability 1/2,
	// drawn anew each time it is used.
	Flip bool `json:"flip"`

	// Generator.

	// InChannels is 1, or 3 for gray copied to three channels.
	InChannels int `json:"in_channels"`
	// OutChannels is 3 for red, green and blue, or 2 for chroma under the gray
	// picture's own luma.
	OutChannels int `json:"out_channels"`
	// Downs is the number of halvings in the U-Net, Filters the width of its
	// first layer.
	Downs   int        `json:"num_downs"`
	Filters int        `json:"filters"`
	Norm    model.Norm `json:"norm"`

	// Critic. Without one ("none") every key of this group is zero.

	Critic model.CriticKind `json:"critic"`
	// Adversary is the loss that the two networks play for.
	Adversary model.Adversary `json:"gan_mode"`
	// CriticConditional shows the critic the gray picture beside the colour one.
	CriticConditional bool       `json:"critic_conditional"`
	CriticFilters     int        `json:"critic_filters"`
	CriticNorm        model.Norm `json:"critic_norm"`
	// CriticSteps is the number of critic steps for each generator step.
	CriticSteps int `json:"d_coef"`
	// SharedBatch lets the last of them have the batch of the generator step, so
	// that one pass of the generator serves both, as public pix2pix code does;
	// otherwise every critic step has a batch of the critic's own stream.
	SharedBatch bool `json:"shared_batch"`
	// PenaltyWeight multiplies WGAN-GP's gradient penalty; PenaltyReduction says
	// what the penalty bounds where a picture has many scores.
	PenaltyWeight    float64           `json:"lambda"`
	PenaltyReduction model.GPReduction `json:"gp_reduction"`

	// Loss.

	// L1Weight multiplies the mean absolute error in the generator's loss.
	L1Weight float64 `json:"l1_weight"`

	// Schedule. With a critic: GeneratorEpochs of the generator alone, then
	// CriticEpochs of the critic alone, then Epochs of both. Without one Epochs
	// are the generator's.

	GeneratorEpochs int `json:"g_epochs_num"`
	CriticEpochs    int `json:"d_epochs_num"`
	Epochs          int `json:"epochs_num"`
	// The rates of a network's own stage, and those of joint training: 0 there
	// takes the network's own.
	GeneratorRate      float64 `json:"g_lr"`
	CriticRate         float64 `json:"d_lr"`
	JointGeneratorRate float64 `json:"adv_g_lr"`
	JointCriticRate    float64 `json:"adv_d_lr"`
	// RateSchedule lets a stage's rates fall from its first step to its last.
	RateSchedule RateSchedule `json:"lr_schedule"`

	// Adam.

	Beta1   float64 `json:"beta1"`
	Beta2   float64 `json:"beta2"`
	Epsilon float64 `json:"epsilon"`
	// ClipNorm bounds the 2-norm of each network's gradient, taken over all of
	// its weights; 0 leaves gradients alone.
	ClipNorm float64 `json:"clip_norm"`
	// EMADecay keeps an exponential moving average of the generator's weights
	// beside them, which evaluate and bulk can use; 0 keeps none.
	EMADecay float64 `json:"ema"`

	// Records.

	// LogEach is the number of generator steps between two lines of the
	// metrics.
	LogEach int `json:"log_each"`
	// Seed is what weights and the order of pictures are drawn from.
	Seed uint64 `json:"seed"`
}

// About says what a recipe is for. It changes nothing in a run.
type About struct {
	// Name finds the recipe: "6.1", or a word.
	Name string `json:"name"`
	// Title is one line for lists.
	Title string `json:"title"`
	// Section is the place in the report that the recipe reproduces or varies,
	// empty for recipes of our own.
	Section string `json:"section,omitempty"`
	// Hypothesis is what the run is to check, Expected what should come out.
	Hypothesis string `json:"hypothesis"`
	Expected   string `json:"expected"`
	// Command runs the recipe.
	Command string `json:"command"`
	// Ours lists the keys whose values the report does not give, in the order
	// of [Keys].
	Ours []string `json:"ours,omitempty"`
}
