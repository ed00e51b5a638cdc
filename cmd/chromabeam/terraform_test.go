// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/chromabeam/chromabeam/pipelines/runner"
)

// TestTerraformCommands holds the commands that infra/terraform prints against the
// flags that there are.
func TestTerraformCommands(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../infra/terraform/outputs.tf")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`(?ms)^(output "[a-z_]*_command"|locals) \{.*?^\}`).FindAll(data, -1)
	if len(blocks) != 3 {
		t.Fatalf("outputs.tf has %d commands and blocks of flags, want 2 and 1", len(blocks))
	}
	common := flagsIn(blocks[2])
	for _, block := range blocks[:2] {
		name := regexp.MustCompile(`"chromabeam ([a-z]+) `).FindSubmatch(block)
		if name == nil {
			t.Fatalf("there is no command in\n%s", block)
		}
		all := commands()
		i := slices.IndexFunc(all, func(c command) bool { return c.name == string(name[1]) })
		if i < 0 {
			t.Fatalf("there is no command %s", name[1])
		}
		fs := newFlagSet(all[i], io.Discard)
		all[i].define(fs)
		for _, f := range append(flagsIn(block), common...) {
			if fs.Lookup(f) == nil {
				t.Errorf("%s has no flag -%s", name[1], f)
			}
		}
	}
}

// flagsIn are the flags that texts of a block name.
func flagsIn(block []byte) []string {
	var names []string
	for _, found := range regexp.MustCompile(`[" ]-([a-z][a-z_-]*)[" ]`).FindAllSubmatch(block, -1) {
		names = append(names, string(found[1]))
	}
	return names
}

// TestTerraformAccelerators wants quotas for accelerators that -gpu takes.
func TestTerraformAccelerators(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../infra/terraform/quotas.tf")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`"(nvidia-[a-z0-9-]+)" = \{`).FindAllSubmatch(data, -1)
	if len(names) == 0 {
		t.Fatal("quotas.tf names no accelerator")
	}
	for _, name := range names {
		if !slices.Contains(runner.GPUs(), string(name[1])) {
			t.Errorf("-gpu does not take %s", name[1])
		}
	}
}
