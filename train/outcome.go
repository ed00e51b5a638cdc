// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"slices"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// outcome says in sentences what a run measured, to be read beside what it was to
// check. It judges nothing but numbers.
func outcome(recipe recipes.Recipe, r Result, lines []Metric) report.Text {
	text := report.Text{Title: "Outcome", Paragraphs: []string{ending(r)}}
	epochs := slices.DeleteFunc(slices.Clone(lines), func(m Metric) bool { return m.Kind != MetricEpoch })
	for _, sentence := range []string{
		validationOutcome(epochs), trainingOutcome(epochs), colorOutcome(r.Validation), distanceOutcome(epochs), recipes.Caveat(recipe),
	} {
		if sentence != "" {
			text.Paragraphs = append(text.Paragraphs, sentence)
		}
	}
	return text
}

// ending says in a sentence how the run stands.
func ending(r Result) string {
	switch r.Status {
	case StatusDiverged:
		text := fmt.Sprintf("It diverged by step %s", report.Grouped(r.Steps))
		if r.Cause != "" {
			text += ": " + r.Cause
		}
		return text + "."
	case StatusInterrupted:
		return fmt.Sprintf("It was interrupted at step %s and can be resumed.", report.Grouped(r.Steps))
	default:
		word := "epochs"
		if r.Epochs == 1 {
			word = "epoch"
		}
		return fmt.Sprintf("It ran to its end: %d %s, %s steps.", r.Epochs, word, report.Grouped(r.Steps))
	}
}

// reading is a value after an epoch.
type reading struct {
	epoch int
	stage recipes.StageKind
	value float64
}

// readings returns what the epochs' lines have of a value. Those of the critic's
// own stage are left out: the generator stands still there.
func readings(epochs []Metric, get func(Metric) *float64) []reading {
	var list []reading
	for _, m := range epochs {
		if x := get(m); x != nil && m.Stage != recipes.StageCritic {
			list = append(list, reading{m.Epoch, m.Stage, *x})
		}
	}
	return list
}

func lowest(list []reading) reading {
	return slices.MinFunc(list, func(a, b reading) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
}

// validationOutcome follows validation L1 from the first epoch to the last.
func validationOutcome(epochs []Metric) string {
	list := readings(epochs, func(m Metric) *float64 {
		if m.Validation == nil {
			return nil
		}
		return &m.Validation.L1
	})
	if len(list) == 0 {
		return ""
	}
	first, last := list[0], list[len(list)-1]
	text := fmt.Sprintf("Validation L1 was %.4f after epoch %d", first.value, first.epoch)
	if len(list) == 1 {
		return text + "."
	}
	text += fmt.Sprintf(" and %.4f after the last, epoch %d", last.value, last.epoch)
	// Best is what the best checkpoint is: of the last stage.
	ofStage := slices.IndexFunc(list, func(p reading) bool { return p.stage == last.stage })
	best := lowest(list[ofStage:])
	previous := list[len(list)-2]
	switch {
	case best.epoch == last.epoch && previous.stage == last.stage:
		text += ", the best one of its stage: it was still falling."
	case best.epoch == last.epoch:
		text += ", the only one of its stage."
	case best.value == last.value:
		text += fmt.Sprintf("; it was as low after epoch %d already.", best.epoch)
	default:
		text += fmt.Sprintf("; the best was %.4f, after epoch %d, and the last is %s higher.",
			best.value, best.epoch, percent(last.value/best.value-1))
	}
	if ofStage > 0 {
		if before := lowest(list[:ofStage]); before.value < best.value {
			text += fmt.Sprintf(" The generator alone had come lower before: %.4f, after epoch %d.", before.value, before.epoch)
		}
	}
	return text
}

// trainingOutcome tells whether training L1 fell throughout.
func trainingOutcome(epochs []Metric) string {
	list := readings(epochs, func(m Metric) *float64 { return m.L1 })
	if len(list) < 2 {
		return ""
	}
	rises := 0
	for i := range list[1:] {
		if list[i+1].value > list[i].value {
			rises++
		}
	}
	from, to := list[0].value, list[len(list)-1].value
	if rises == 0 {
		return fmt.Sprintf("Training L1 fell throughout, from %.4f in the first epoch to %.4f in the last.", from, to)
	}
	return fmt.Sprintf("Training L1 went from %.4f in the first epoch to %.4f in the last; "+
		"it rose in %d of the %d epochs after the first.", from, to, rises, len(list)-1)
}

// colorOutcome compares the colourfulness of what was generated with the truth's.
func colorOutcome(v *Scores) string {
	if v == nil || v.TrueColorfulness == 0 {
		return ""
	}
	return fmt.Sprintf("What was generated for validation has a colourfulness of %.1f at the end, %s of the true pictures' %.1f.",
		v.Colorfulness, percent(v.Colorfulness/v.TrueColorfulness), v.TrueColorfulness)
}

// distanceOutcome follows the critic's distance through joint training, on the
// validation split where it is known there.
func distanceOutcome(epochs []Metric) string {
	joint := slices.DeleteFunc(slices.Clone(epochs), func(m Metric) bool { return m.Stage != recipes.StageJoint })
	where := "on validation pictures"
	list := readings(joint, func(m Metric) *float64 {
		if m.Validation == nil {
			return nil
		}
		return m.Validation.Distance
	})
	if len(list) == 0 {
		where = "in training"
		list = readings(joint, func(m Metric) *float64 { return m.Distance })
	}
	if len(list) < 2 {
		return ""
	}
	first, last := list[0], list[len(list)-1]
	verb := "fell"
	if last.value > first.value {
		verb = "rose"
	}
	return fmt.Sprintf("The critic's distance between true and generated pictures %s over joint training, "+
		"from %.3g after epoch %d to %.3g after epoch %d, %s.", verb, first.value, first.epoch, last.value, last.epoch, where)
}

func percent(x float64) string { return fmt.Sprintf("%.1f%%", 100*x) }
