// SPDX-License-Identifier: Apache-2.0

package train

import (
	"path/filepath"
	"slices"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// Curves returns the learning curves of a run folder, for a page that shows the
// run beside other things.
func Curves(run string) (report.Curves, error) {
	lines, err := ReadMetrics(filepath.Join(run, metricsFile))
	if err != nil {
		return report.Curves{}, err
	}
	return curves(lines), nil
}

// curve is one series of a chart: what a line of the metrics has for it, nil
// for nothing.
type curve struct {
	name  string
	muted bool
	value func(Metric) *float64
}

// The series of the report's charts.
func onStep(name string, get func(Metric) *float64) curve {
	return curve{name: name, value: ofKind(MetricStep, get)}
}

func eachStep(get func(Metric) *float64) curve {
	return curve{name: "step", muted: true, value: ofKind(MetricStep, get)}
}

func onEpoch(name string, get func(Metric) *float64) curve {
	return curve{name: name, value: ofKind(MetricEpoch, get)}
}

func onValidation(name string, get func(Scores) *float64) curve {
	return curve{name: name, value: ofKind(MetricEpoch, func(m Metric) *float64 {
		if m.Validation == nil {
			return nil
		}
		return get(*m.Validation)
	})}
}

func onPictures(get func(Metric) *float64) curve {
	return curve{name: "training", value: ofKind(MetricStep, func(m Metric) *float64 {
		if m.Pictures == nil {
			return nil
		}
		return get(m)
	})}
}

func ofKind(kind MetricKind, get func(Metric) *float64) func(Metric) *float64 {
	return func(m Metric) *float64 {
		if m.Kind != kind {
			return nil
		}
		return get(m)
	}
}

// chart is a chart with its curves.
type chart struct {
	title, unit string
	curves      []curve
	logarithmic bool
	// stage limits the chart to one kind of stage; empty shows all.
	stage recipes.StageKind
}

// charts lists what the report draws, most telling first.
func charts() []chart {
	l1 := func(m Metric) *float64 { return m.L1 }
	adversarial := func(m Metric) *float64 { return m.Adversarial }
	critic := func(m Metric) *float64 { return m.Critic }
	criticLoss := []curve{
		eachStep(critic), onEpoch("training", critic), onValidation("validation", func(s Scores) *float64 { return s.Critic }),
	}
	distance := func(m Metric) *float64 { return m.Distance }
	return []chart{
		{title: "L1", unit: "mean absolute error", curves: []curve{
			eachStep(l1), onEpoch("training", l1), onValidation("validation", func(s Scores) *float64 { return &s.L1 }),
		}},
		{title: "Generator", unit: "adversarial loss", curves: []curve{
			eachStep(adversarial), onEpoch("training", adversarial),
			onValidation("validation", func(s Scores) *float64 { return s.Adversarial }),
		}},
		{title: "Critic", unit: "loss", stage: recipes.StageJoint, curves: criticLoss},
		// Thousands at first, since the penalty is squared: no scale for the rest.
		{title: "Critic, before joint training", unit: "loss", stage: recipes.StageCritic, curves: criticLoss},
		{title: "Distance between true and generated", unit: "difference of scores", curves: []curve{
			eachStep(distance), onEpoch("training", distance),
			onValidation("validation", func(s Scores) *float64 { return s.Distance }),
		}},
		{title: "Norm of the critic's gradient", unit: "wanted: 1", curves: []curve{
			onStep("at the penalty's pictures", func(m Metric) *float64 { return m.PenaltyNorm }),
		}},
		{title: "PSNR", unit: "dB", curves: []curve{
			onPictures(func(m Metric) *float64 { return &m.Pictures.PSNR }),
			onValidation("validation", func(s Scores) *float64 { return &s.PSNR }),
		}},
		{title: "SSIM", unit: "1 is equal", curves: []curve{
			onPictures(func(m Metric) *float64 { return &m.Pictures.SSIM }),
			onValidation("validation", func(s Scores) *float64 { return &s.SSIM }),
		}},
		{title: "CIEDE2000", unit: "colour difference", curves: []curve{
			onPictures(func(m Metric) *float64 { return &m.Pictures.CIEDE2000 }),
			onValidation("validation", func(s Scores) *float64 { return &s.CIEDE2000 }),
		}},
		{title: "Colourfulness", unit: "Hasler and Süsstrunk", curves: []curve{
			onPictures(func(m Metric) *float64 { return &m.Pictures.Colorfulness }),
			onValidation("validation", func(s Scores) *float64 { return &s.Colorfulness }),
		}},
		{title: "Gradients", unit: "2-norm over all weights", logarithmic: true, curves: []curve{
			onStep("generator", func(m Metric) *float64 { return m.GeneratorGradient }),
			onStep("critic", func(m Metric) *float64 { return m.CriticGradient }),
		}},
	}
}

// draw returns a curve's points in the lines of a kind of stage (empty: of all),
// and false where it has none.
func (c curve) draw(lines []Metric, stage recipes.StageKind) (report.Series, bool) {
	s := report.Series{Name: c.name, Muted: c.muted}
	for _, l := range lines {
		if stage != "" && l.Stage != stage {
			continue
		}
		if y := c.value(l); y != nil {
			s.X, s.Y = append(s.X, float64(l.Step)), append(s.Y, *y)
		}
	}
	return s, len(s.X) > 0
}

// curves draws the charts for which there is anything to draw.
func curves(lines []Metric) report.Curves {
	out := report.Curves{
		Title: "Learning curves",
		Note: "Over the generator's steps, and the critic's in a stage of its own. Training: batch statistics; L1 on the " +
			"scale [-1, 1]; other measures of pictures over a few of the step's. Validation: inference mode, whole split.",
	}
	for _, c := range charts() {
		one := report.Chart{Title: c.title, XLabel: "step", YLabel: c.unit, LogY: c.logarithmic}
		for _, each := range c.curves {
			if s, ok := each.draw(lines, c.stage); ok {
				one.Series = append(one.Series, s)
			}
		}
		if slices.ContainsFunc(one.Series, func(s report.Series) bool { return !s.Muted }) {
			out.Charts = append(out.Charts, one)
		}
	}
	return out
}
