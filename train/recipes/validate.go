// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"errors"
	"fmt"
)

// criticKeys have a meaning only beside a critic.
var criticKeys = []string{
	"critic_conditional", "critic_filters", "critic_norm", "d_coef", "lambda", "gp_reduction",
	"g_epochs_num", "d_epochs_num", "d_lr", "adv_g_lr", "adv_d_lr",
}

// Validate returns every problem of the recipe, joined: values outside their
// range, and values that do not fit each other.
func (r Recipe) Validate() error {
	var problems []error
	for _, key := range Keys() {
		v, _ := r.field(key)
		if err := rules[key].check(key, v); err != nil {
			problems = append(problems, err)
		}
	}
	for _, key := range criticKeys {
		if v, _ := r.field(key); !v.IsZero() {
			problems = append(problems, fmt.Errorf("%s needs a critic, but critic is %q; got %s", key, string(r.Critic), shown(v)))
		}
	}
	if len(problems) == 0 {
		// The network's own rules repeat some ranges: they speak where the
		// keys by themselves are right.
		if err := r.Generator().Validate(); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
