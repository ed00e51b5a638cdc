// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/model/builtin"
	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// TestBuiltinModel colours without a word about a model, as on a machine that has
// nothing else: colorize and bulk take the one in the box, to the same bytes on
// each runner, and the records name it.
func TestBuiltinModel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name ...string) string { return filepath.Join(append([]string{dir}, name...)...) }
	writePictures(t, path("in"), 3, 70)
	mustRun(t, exitDone, "colorize", "-backend", "go", path("in", "aa.png"))
	data, err := os.ReadFile(path("in", "aa.color.png"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := pixel.Decode(data, pixel.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if c := pixel.Colorfulness(p.RGB()); c < 1 {
		t.Errorf("the coloured picture has a colourfulness of %.2f", c)
	}
	if err := os.Rename(path("in", "aa.color.png"), path("one.png")); err != nil {
		t.Fatal(err)
	}
	source := builtin.Source()
	weights, err := source.Find("")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{runner.Default, "prism"} {
		mustRun(t, exitDone, "bulk", "-backend", "go", "-runner", name, "-input", path("in"), "-output", path(name))
		sameBytes(t, path("one.png"), path(name, "aa.png"))
		records := map[string]func(map[string]any) any{
			".chromabeam/job.json": func(m map[string]any) any { return m["model_hash"] },
			"report.json":          func(m map[string]any) any { return m["job"].(map[string]any)["model_hash"] },
		}
		for file, hash := range records {
			data, err := os.ReadFile(path(name, file))
			if err != nil {
				t.Fatal(err)
			}
			var m map[string]any
			if err := json.Unmarshal(data, &m); err != nil {
				t.Fatal(err)
			}
			if m["model"] != builtin.Name || hash(m) != weights.Hash {
				t.Errorf("%s of %s has model %v with hash %v, want %s with %s", file, name, m["model"], hash(m), builtin.Name, weights.Hash)
			}
		}
		page, err := os.ReadFile(path(name, "report.html"))
		if err != nil {
			t.Fatal(err)
		}
		if want := "builtin (" + weights.Hash[:8]; !strings.Contains(string(page), want) {
			t.Errorf("the page of %s does not name the model: want %q", name, want)
		}
	}
	out := mustRun(t, exitDone, "bulk", "-backend", "go", "-input", path("in"), "-output", path(runner.Default), "-model", "builtin")
	if !strings.Contains(out, "skipped=3 ") {
		t.Errorf("the second bulk printed %q", out)
	}
}

// TestBuiltinEvaluate measures the model in the box by its name.
func TestBuiltinEvaluate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writePictures(t, filepath.Join(dir, "in"), 4, 64)
	data := filepath.Join(dir, "data")
	mustRun(t, exitDone, "prepare", "-size", "64", "-val-percent", "0", "-input", filepath.Join(dir, "in"), "-output", data)
	args := []string{"evaluate", "-backend", "go", "-data", data, "-split", "train", "-model", "builtin"}
	if out := mustRun(t, exitDone, args...); !strings.Contains(out, "pictures=4 ") {
		t.Errorf("evaluate printed %q", out)
	}
	if code, _, errs := chromabeam(t, append(args, "-checkpoint", "ema")...); code != exitUsage || !strings.Contains(errs, "one set of weights") {
		t.Errorf("a checkpoint of the model in the box: exit code %d, stderr %q", code, errs)
	}
}
