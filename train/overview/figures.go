// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"math"

	"github.com/chromabeam/chromabeam/train"
)

// figures are the curves of a run by name, a value for each epoch. What an epoch has
// no value of is null; a curve without any is left out.
func figures(lines []train.Metric) map[string]any {
	scores := func(get func(train.Scores) *float64) func(train.Metric) *float64 {
		return func(m train.Metric) *float64 {
			if m.Validation == nil {
				return nil
			}
			return get(*m.Validation)
		}
	}
	curves := map[string]func(train.Metric) *float64{
		"training_l1":             func(m train.Metric) *float64 { return m.L1 },
		"training_adversarial":    func(m train.Metric) *float64 { return m.Adversarial },
		"training_critic":         func(m train.Metric) *float64 { return m.Critic },
		"training_distance":       func(m train.Metric) *float64 { return m.Distance },
		"training_penalty":        func(m train.Metric) *float64 { return m.Penalty },
		"validation_l1":           scores(func(s train.Scores) *float64 { return &s.L1 }),
		"validation_psnr":         scores(func(s train.Scores) *float64 { return &s.PSNR }),
		"validation_ssim":         scores(func(s train.Scores) *float64 { return &s.SSIM }),
		"validation_ciede2000":    scores(func(s train.Scores) *float64 { return &s.CIEDE2000 }),
		"validation_colorfulness": scores(func(s train.Scores) *float64 { return &s.Colorfulness }),
		"validation_adversarial":  scores(func(s train.Scores) *float64 { return s.Adversarial }),
		"validation_critic":       scores(func(s train.Scores) *float64 { return s.Critic }),
		"validation_distance":     scores(func(s train.Scores) *float64 { return s.Distance }),
		"validation_penalty":      scores(func(s train.Scores) *float64 { return s.Penalty }),
	}
	out := map[string]any{}
	var steps []int64
	var stages []string
	for _, m := range lines {
		if m.Kind == train.MetricEpoch {
			steps, stages = append(steps, m.Step), append(stages, string(m.Stage))
		}
	}
	if len(steps) == 0 {
		return nil
	}
	out["step"], out["stage"] = steps, stages
	for name, get := range curves {
		var values []*float64
		some := false
		for _, m := range lines {
			if m.Kind != train.MetricEpoch {
				continue
			}
			v := get(m)
			if v != nil {
				short := shorter(*v)
				v, some = &short, true
			}
			values = append(values, v)
		}
		if some {
			out[name] = values
		}
	}
	return out
}

// shorter keeps six digits of a value.
func shorter(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0
	}
	scale := math.Pow(10, 5-math.Floor(math.Log10(math.Abs(v))))
	if math.IsInf(scale, 0) || scale == 0 {
		return v
	}
	return math.Round(v*scale) / scale
}
