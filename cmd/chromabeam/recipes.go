// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

func recipesCommand() command {
	return command{
		name:     "recipes",
		synopsis: "[list | show NAME] [flags]",
		summary:  "list the training recipes, or show one with its hypothesis",
		examples: []string{
			"chromabeam recipes", "chromabeam recipes show 6.7", "chromabeam recipes show 6.3 -size 64", "chromabeam recipes show builtin",
		},
		define: defineRecipes,
	}
}

func defineRecipes(fs *flagSet) func(context.Context, terminal, []string) error {
	var settings settingList
	size := fs.String("size", "", "show the form for pictures of `N` px, as -set size=N does")
	fs.Var(&settings, "set", "show the recipe with a value changed, `key=value`; may be given again")
	asJSON := fs.Bool("json", false, "print JSON")
	return func(_ context.Context, term terminal, args []string) error {
		if *size != "" {
			settings = append(settings, "size="+*size)
		}
		switch {
		case len(args) == 2 && args[0] == "show":
			return showRecipe(term, args[1], settings, *asJSON)
		case len(settings) > 0:
			return fault.Request("-size and -set go with show NAME")
		case len(args) == 0, len(args) == 1 && args[0] == "list":
			return listRecipes(term, *asJSON)
		default:
			return fault.Request("recipes takes nothing, \"list\" or \"show NAME\", got %q", args)
		}
	}
}

func listRecipes(term terminal, asJSON bool) error {
	if asJSON {
		return term.result(true, recipes.All())
	}
	report, variants, own := recipes.Groups()
	var b strings.Builder
	for _, group := range []struct {
		heading string
		members []recipes.Experiment
	}{
		{"the report's experiments", report},
		{"variants of them, which change one thing", variants},
		{"our own", own},
	} {
		b.WriteString(group.heading + "\n")
		for _, e := range group.members {
			fmt.Fprintf(&b, "  %-18s  %6s  %s\n", e.Name, runCount(e), e.Title)
		}
		b.WriteString("\n")
	}
	b.WriteString("chromabeam recipes show NAME tells the rest.\n")
	_, err := io.WriteString(term.stdout, b.String())
	return err
}

func runCount(e recipes.Experiment) string {
	if n := len(e.Labels()); n > 1 {
		return fmt.Sprintf("%d runs", n)
	}
	return "1 run"
}

func showRecipe(term terminal, name string, settings []string, asJSON bool) error {
	original, err := recipes.FindExperiment(name)
	if err != nil {
		return fault.AsRequest(err)
	}
	e, err := original.Apply(settings...)
	if err != nil {
		return fault.AsRequest(err)
	}
	if err := e.Validate(); err != nil {
		return fault.AsRequest(err)
	}
	shown, err := withCard(e)
	if err != nil {
		return err
	}
	if asJSON {
		return term.result(true, shown)
	}
	page := recipePage(original, e)
	if shown.Card != nil {
		page += cardPage(*shown.Card)
	}
	_, err = io.WriteString(term.stdout, page)
	return err
}

// recipePage describes a recipe, and what settings have changed in it.
func recipePage(original, e recipes.Experiment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n%s, %s\n", e.Name, e.Title, provenance(e), runCount(e))
	section := func(heading, text string) { b.WriteString("\n" + heading + "\n" + text) }
	section("hypothesis", wrap(e.Hypothesis, "  "))
	section("expected", wrap(e.Expected, "  "))
	section("command", wrapCommand(e.Command))
	if e.Sweep() {
		section("command for one of its runs", wrapCommand(e.Runs()[0].Recipe.Command))
	}
	if changes := recipes.Changes(original.Recipe, e.Recipe); len(changes) > 0 {
		var lines strings.Builder
		for _, line := range changes {
			lines.WriteString(wrap(line, "  "))
		}
		if e.Size != original.Size {
			lines.WriteString(wrap(fmt.Sprintf("The data set must hold pictures of %d px: prepare -size %d.", e.Size, e.Size), "  "))
		}
		section("changed", lines.String())
	}
	section("parameters", parameterTable(original, e))
	return b.String()
}

func provenance(e recipes.Experiment) string {
	switch {
	case e.Reproduces():
		return "section " + e.Section + " of the report"
	case e.Section != "":
		return "a variant of section " + e.Section + " of the report"
	default:
		return "a recipe of our own"
	}
}

// wrapCommand sets a command into lines that a shell joins again.
func wrapCommand(command string) string {
	const indent, more = "  ", "    "
	var b strings.Builder
	line := indent
	for i, part := range strings.Split(command, " -") {
		if i > 0 {
			part = " -" + part
		}
		if len(line)+len(part)+len(" \\") > helpWidth {
			b.WriteString(line + " \\\n")
			line, part = more, strings.TrimPrefix(part, " ")
		}
		line += part
	}
	return b.String() + line + "\n"
}

// parameterTable lists every key with its value, and marks what is varied, what
// settings have changed, and what the report leaves open.
func parameterTable(original, e recipes.Experiment) string {
	changed := recipes.Differences(original.Recipe, e.Recipe)
	rows := [][3]string{{"key", "value", ""}}
	for _, key := range recipes.Keys() {
		value, _ := e.Value(key)
		row := [3]string{key, fmt.Sprint(value), ""}
		switch {
		case key == e.Vary.Key:
			row[1], row[2] = strings.Join(e.Vary.Values, " "), "varied"
		case slices.Contains(changed, key):
			row[2] = "changed"
		case slices.Contains(e.Ours, key):
			row[2] = "ours"
		}
		if row[1] == "" {
			row[1] = `""`
		}
		rows = append(rows, row)
	}
	var widths [2]int
	for _, row := range rows {
		widths[0], widths[1] = max(widths[0], len(row[0])), max(widths[1], len(row[1]))
	}
	var b strings.Builder
	for _, row := range rows {
		line := fmt.Sprintf("  %-*s  %-*s  %s", widths[0], row[0], widths[1], row[1], row[2])
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
