// SPDX-License-Identifier: Apache-2.0

package train

import (
	"math"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// NamedMetrics are the metrics of a run under the name that curves give it.
type NamedMetrics struct {
	Name  string
	Lines []Metric
}

// mostPaired is how many runs share a chart with their training and their
// validation; with more, the two have charts of their own.
const mostPaired = 3

// overviewChart is a measure of an overview, in training and in validation.
type overviewChart struct {
	title       string
	training    func(Metric) *float64
	validation  func(Scores) *float64
	logarithmic bool
	stage       recipes.StageKind
}

func overviewCharts() []overviewChart {
	return []overviewChart{
		{title: "L1",
			training:   func(m Metric) *float64 { return m.L1 },
			validation: func(s Scores) *float64 { return &s.L1 }},
		{title: "Generator's adversarial loss",
			training:   func(m Metric) *float64 { return m.Adversarial },
			validation: func(s Scores) *float64 { return s.Adversarial }},
		{title: "Critic's loss", stage: recipes.StageJoint,
			training:   func(m Metric) *float64 { return m.Critic },
			validation: func(s Scores) *float64 { return s.Critic }},
		{title: "Critic's distance", stage: recipes.StageJoint,
			training:   func(m Metric) *float64 { return m.Distance },
			validation: func(s Scores) *float64 { return s.Distance }},
		{title: "Gradient penalty", logarithmic: true, stage: recipes.StageJoint,
			training:   func(m Metric) *float64 { return m.Penalty },
			validation: func(s Scores) *float64 { return s.Penalty }},
		{title: "Colourfulness",
			validation: func(s Scores) *float64 { return &s.Colorfulness }},
	}
}

// OverviewCurves draws the few charts by which runs are told apart, small: L1 and
// colourfulness, and of joint training the losses, the distance and the penalty. Up
// to three runs show training and validation in one chart, with single steps faint
// behind; of more, each has one curve, and L1 a chart for either. A run that diverged
// has a cross where its curve ends.
func OverviewCurves(runs []NamedMetrics) report.Curves {
	out := report.Curves{
		Title: "Learning curves", Compact: true,
		Note: "A point an epoch; losses, distance and penalty (before its weight, logarithmic) of joint training. " +
			"Training: batch statistics. Validation: inference mode, whole split.",
	}
	for _, c := range overviewCharts() {
		var drawn []report.Chart
		switch {
		case len(runs) <= mostPaired:
			drawn = []report.Chart{c.paired(runs)}
		case c.title == "L1":
			drawn = []report.Chart{c.each(runs, "validation"), c.each(runs, "training")}
		case c.training == nil:
			drawn = []report.Chart{c.each(runs, "validation")}
		default:
			drawn = []report.Chart{c.each(runs, "training")}
		}
		for _, one := range drawn {
			if len(one.Series) > 0 {
				out.Charts = append(out.Charts, one)
			}
		}
	}
	return out
}

// chart begins a chart.
func (c overviewChart) chart(title string) report.Chart {
	return report.Chart{Title: title, XLabel: "step", LogY: c.logarithmic}
}

// paired draws training and validation of few runs.
func (c overviewChart) paired(runs []NamedMetrics) report.Chart {
	one := c.chart(c.title)
	if c.training == nil {
		one = c.chart(c.title + ", validation")
	}
	for _, run := range runs {
		name := func(kind string) string {
			if len(runs) == 1 {
				return kind
			}
			return run.Name + ", " + kind
		}
		training := c.trained(run, name)
		one.Series = append(one.Series, training...)
		drawn := len(training) > 0 && !training[len(training)-1].Muted
		if s, ok := c.draw(onValidation(name("validation"), c.validation), run); ok {
			s.Dashed = drawn
			one.Series = append(one.Series, s)
		}
	}
	return withoutGhosts(one)
}

// fewEpochs is how many epochs make no curve: a run that diverged in its second one
// shows its steps instead.
const fewEpochs = 3

// trained draws a run's training: means over epochs with the steps faint behind, or of
// a run of few epochs the steps themselves.
func (c overviewChart) trained(run NamedMetrics, name func(string) string) []report.Series {
	if c.training == nil {
		return nil
	}
	var list []report.Series
	epochs, hasEpochs := c.draw(onEpoch(name("training"), c.training), run)
	steps, hasSteps := eachStep(c.training).draw(run.Lines, c.stage)
	switch {
	case hasSteps && len(epochs.X) <= fewEpochs && len(steps.X) > len(epochs.X):
		steps, _ = c.draw(onStep(name("training by step"), c.training), run)
		return []report.Series{steps}
	case hasSteps:
		list = append(list, steps)
	}
	if hasEpochs {
		list = append(list, epochs)
	}
	return list
}

// withoutGhosts drops faint curves that no other follows: they would have neither a
// name nor a colour of their own.
func withoutGhosts(one report.Chart) report.Chart {
	var kept []report.Series
	for i, s := range one.Series {
		if s.Muted && (i+1 == len(one.Series) || one.Series[i+1].Muted) {
			continue
		}
		kept = append(kept, s)
	}
	one.Series = kept
	return one
}

// each draws one curve for each of many runs.
func (c overviewChart) each(runs []NamedMetrics, kind string) report.Chart {
	one := c.chart(c.title + ", " + kind)
	for _, run := range runs {
		drawn := onValidation(run.Name, c.validation)
		if kind == "training" {
			drawn = onEpoch(run.Name, c.training)
		}
		if s, ok := c.draw(drawn, run); ok {
			one.Series = append(one.Series, s)
		}
	}
	return one
}

// draw is a curve of a run, with an end that shows where the run diverged.
func (c overviewChart) draw(of curve, run NamedMetrics) (report.Series, bool) {
	s, ok := of.draw(run.Lines, c.stage)
	if last := len(run.Lines) - 1; ok && run.Lines[last].Kind == MetricDiverged {
		s.X, s.Y = append(s.X, float64(run.Lines[last].Step)), append(s.Y, math.NaN())
	}
	return s, ok
}
