// SPDX-License-Identifier: Apache-2.0

package gpu

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// TestCommands holds what the script calls to what there is: commands with their
// flags, recipes with their runs, names of kinds and forms.
func TestCommands(t *testing.T) {
	t.Parallel()
	lines := 0
	for line := range strings.Lines(dryRun(t)) {
		words := strings.Fields(line)
		if words[0] != "chromabeam" {
			continue
		}
		lines++
		known := helpOf(t, words[1])
		values := map[string]string{}
		for i, word := range words[2:] {
			if name, found := strings.CutPrefix(word, "-"); found {
				if !slices.Contains(known, name) {
					t.Errorf("%s has no flag -%s: %s", words[1], name, line)
				}
				if i+3 < len(words) {
					values[name] = words[i+3]
				}
			}
		}
		if err := checkValues(words[1], values); err != nil {
			t.Errorf("%v: %s", err, line)
		}
	}
	if lines < 50 {
		t.Errorf("%d commands, want those of all parts", lines)
	}
}

// helpOf returns the flags in a command's help, as its golden file has it.
func helpOf(t *testing.T, command string) (flags []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "cmd", "chromabeam", "testdata", "help", command+".txt"))
	if err != nil {
		t.Fatalf("no command %q: %v", command, err)
	}
	for line := range strings.Lines(string(text)) {
		if name, found := strings.CutPrefix(line, "  -"); found {
			flags = append(flags, strings.Fields(name)[0])
		}
	}
	return flags
}

func checkValues(command string, values map[string]string) error {
	check := func(name string, known []string) error {
		if value, given := values[name]; given && !slices.Contains(known, value) {
			return fmt.Errorf("-%s %s is none of %q", name, value, known)
		}
		return nil
	}
	var errs []error
	if name, given := values["recipe"]; given {
		e, err := recipes.FindExperiment(name)
		errs = append(errs, err)
		if label, given := values["only"]; given && err == nil {
			_, err := e.Only(label)
			errs = append(errs, err)
		}
	} else if command == "train" {
		errs = append(errs, errors.New("no recipe"))
	}
	precisions := []string{
		string(model.PrecisionAuto), string(model.PrecisionFloat32), string(model.PrecisionTF32), string(model.PrecisionBFloat16),
	}
	return errors.Join(append(errs,
		check("mode", train.TimedKinds()), check("convolutions", model.Convolutions()), check("precision", precisions),
		check("backend", []string{model.BackendCUDA, model.BackendCPU}))...)
}

// TestReportIsWhole wants the script to train all of the report's experiments.
func TestReportIsWhole(t *testing.T) {
	t.Parallel()
	out := dryRun(t)
	report, _, _ := recipes.Groups()
	runs := 0
	for _, e := range report {
		runs += len(e.Runs())
		if !strings.Contains(out, "train -recipe "+e.Name+" -data data/pokemon -precision auto -output out/runs/"+e.Name+" ") {
			t.Errorf("recipe %s is not trained whole", e.Name)
		}
		if !strings.Contains(out, " out/runs/"+e.Name+" ") {
			t.Errorf("recipe %s is on no page", e.Name)
		}
	}
	if runs != 21 {
		t.Errorf("the report has %d runs, want 21", runs)
	}
}
