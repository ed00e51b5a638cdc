// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/model"
)

// rule is the range of one key by itself; rules between keys are Validate's.
type rule struct {
	low, high float64 // of numbers
	openLow   bool    // low itself is outside
	openHigh  bool    // high itself is outside
	words     []string
}

// rules holds the range of every key. A test compares its keys with the
// recipe's. Keys of the critic's group may be zero here, since without a critic
// they are; beside one Validate wants more of them.
var rules = map[string]rule{
	"size":               {low: 2, high: 4096},
	"train_batch_size":   {low: 1, high: 4096},
	"val_batch_size":     {low: 1, high: 4096},
	"train_limit":        {low: 0, high: math.MaxInt32},
	"val_limit":          {low: 0, high: math.MaxInt32},
	"flip":               {words: []string{"true", "false"}},
	"in_channels":        {words: []string{"1", "3"}},
	"out_channels":       {words: []string{"2", "3"}},
	"num_downs":          {low: 1, high: 12},
	"filters":            {low: 1, high: 512},
	"norm":               {words: norms()},
	"critic":             {words: []string{string(model.CriticNone), string(model.CriticConv), string(model.CriticPatchGAN)}},
	"gan_mode":           {words: []string{"", string(model.AdversaryVanilla), string(model.AdversaryWGANGP)}},
	"critic_conditional": {words: []string{"true", "false"}},
	"critic_filters":     {low: 0, high: 512},
	"critic_norm":        {words: append(norms(), "")},
	"d_coef":             {low: 0, high: 1000},
	"shared_batch":       {words: []string{"true", "false"}},
	"lambda":             {low: 0, high: 1e6},
	"gp_reduction":       {words: []string{"", string(model.GPSum), string(model.GPMean)}},
	"l1_weight":          {low: 0, high: 1e7, openLow: true},
	"g_epochs_num":       {low: 0, high: 1e6},
	"d_epochs_num":       {low: 0, high: 1e6},
	"epochs_num":         {low: 1, high: 1e6},
	"g_lr":               {low: 0, high: 1, openLow: true},
	"d_lr":               {low: 0, high: 1},
	"adv_g_lr":           {low: 0, high: 1},
	"adv_d_lr":           {low: 0, high: 1},
	"lr_schedule":        {words: []string{string(RateConstant), string(RateLinear), string(RateCosine)}},
	"beta1":              {low: 0, high: 1, openHigh: true},
	"beta2":              {low: 0, high: 1, openHigh: true},
	"epsilon":            {low: 0, high: 0.1, openLow: true},
	"clip_norm":          {low: 0, high: 1e6},
	"ema":                {low: 0, high: 1, openHigh: true},
	"log_each":           {low: 1, high: 1e6},
	"seed":               {low: 0, high: math.MaxUint64},
}

func norms() []string {
	return []string{string(model.NormNone), string(model.NormBatch), string(model.NormInstance), string(model.NormLayer)}
}

// String says the range in words, such as "must be in [1, 12]".
func (r rule) String() string {
	if r.words != nil {
		quoted := make([]string, len(r.words))
		for i, w := range r.words {
			quoted[i] = w
			if w == "" {
				quoted[i] = `""`
			}
		}
		if len(quoted) == 1 {
			return "must be " + quoted[0]
		}
		last := len(quoted) - 1
		return "must be " + strings.Join(quoted[:last], ", ") + " or " + quoted[last]
	}
	open, end := "[", "]"
	if r.openLow {
		open = "("
	}
	if r.openHigh {
		end = ")"
	}
	return fmt.Sprintf("must be in %s%s, %s%s", open, bound(r.low), bound(r.high), end)
}

// bound prints a limit as one would write it.
func bound(v float64) string {
	if v == math.MaxUint64 {
		return "2^64-1"
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e10 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprint(v)
}

// check returns an error naming key, range and value where v lies outside.
func (r rule) check(key string, v reflect.Value) error {
	if r.words != nil {
		text := fmt.Sprint(v.Interface())
		if slices.Contains(r.words, text) {
			return nil
		}
		return fmt.Errorf("%s %s, got %s", key, r, shown(v))
	}
	var x float64
	switch {
	case v.CanInt():
		x = float64(v.Int())
	case v.CanUint():
		x = float64(v.Uint())
	default:
		x = v.Float()
	}
	// Written so that NaN is outside.
	above := x > r.low || !r.openLow && x == r.low
	below := x < r.high || !r.openHigh && x == r.high
	if above && below {
		return nil
	}
	return fmt.Errorf("%s %s, got %s", key, r, shown(v))
}

// shown prints a value in a message: words in quotes, numbers plain.
func shown(v reflect.Value) string {
	if v.Kind() == reflect.String {
		return fmt.Sprintf("%q", v.String())
	}
	return fmt.Sprint(v.Interface())
}
