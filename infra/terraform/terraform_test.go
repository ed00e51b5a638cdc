// SPDX-License-Identifier: Apache-2.0

package terraform

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// configuration is what the folder's files declare and use.
type configuration struct {
	// blocks are the top-level ones by what expressions call them, such as
	// "var.region" or "google_storage_bucket.data".
	blocks map[string]*hclsyntax.Block
	locals map[string]hclsyntax.Expression
	// uses are the references in all expressions.
	uses []use
}

type use struct {
	name  string
	where hcl.Range
}

func load(t *testing.T) configuration {
	t.Helper()
	files, err := filepath.Glob("*.tf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no *.tf here: %v", err)
	}
	c := configuration{blocks: map[string]*hclsyntax.Block{}, locals: map[string]hclsyntax.Expression{}}
	parser := hclparse.NewParser()
	for _, file := range files {
		parsed, diagnostics := parser.ParseHCLFile(file)
		if diagnostics.HasErrors() {
			t.Fatal(diagnostics)
		}
		body, ok := parsed.Body.(*hclsyntax.Body)
		if !ok {
			t.Fatalf("%s is of another syntax", file)
		}
		for _, block := range body.Blocks {
			c.add(t, block)
		}
		c.collect(body)
	}
	return c
}

func (c *configuration) add(t *testing.T, block *hclsyntax.Block) {
	t.Helper()
	if block.Type == "locals" {
		for name, attribute := range block.Body.Attributes {
			c.locals[name] = attribute.Expr
		}
		return
	}
	name := nameOf(block)
	if c.blocks[name] != nil {
		t.Errorf("%s is declared twice", name)
	}
	c.blocks[name] = block
}

// nameOf is what expressions call a block.
func nameOf(block *hclsyntax.Block) string {
	labels := strings.Join(block.Labels, ".")
	switch block.Type {
	case "resource":
		return labels
	case "variable":
		return "var." + labels
	default:
		return block.Type + "." + labels
	}
}

// collect adds the references below a body.
func (c *configuration) collect(body *hclsyntax.Body) {
	for _, attribute := range body.Attributes {
		for _, traversal := range attribute.Expr.Variables() {
			c.uses = append(c.uses, use{referred(traversal), traversal.SourceRange()})
		}
	}
	for _, block := range body.Blocks {
		c.collect(block.Body)
	}
}

// referred is the block or local that a traversal begins with.
func referred(traversal hcl.Traversal) string {
	parts := []string{traversal.RootName()}
	for _, step := range traversal[1:] {
		if attribute, ok := step.(hcl.TraverseAttr); ok {
			parts = append(parts, attribute.Name)
		}
	}
	depth := 2
	if parts[0] == "data" {
		depth = 3
	}
	return strings.Join(parts[:min(depth, len(parts))], ".")
}

// TestReferences finds names that nothing declares, and declarations that nothing
// uses.
func TestReferences(t *testing.T) {
	t.Parallel()
	c := load(t)
	used := map[string]bool{}
	for _, u := range c.uses {
		used[u.name] = true
		local, isLocal := strings.CutPrefix(u.name, "local.")
		switch {
		case !strings.Contains(u.name, "."), strings.HasPrefix(u.name, "each."): // a type, or a loop's
		case isLocal && c.locals[local] == nil, !isLocal && c.blocks[u.name] == nil:
			t.Errorf("%v: nothing declares %s", u.where, u.name)
		}
	}
	for name := range c.locals {
		if !used["local."+name] {
			t.Errorf("nothing uses local.%s", name)
		}
	}
	for name := range c.blocks {
		if strings.HasPrefix(name, "var.") && !used[name] {
			t.Errorf("nothing uses %s", name)
		}
	}
}

// TestDescriptions wants variables and outputs to say what they are.
func TestDescriptions(t *testing.T) {
	t.Parallel()
	for name, block := range load(t).blocks {
		if block.Type != "variable" && block.Type != "output" {
			continue
		}
		description := block.Body.Attributes["description"]
		if description == nil {
			t.Errorf("%s has no description", name)
			continue
		}
		value, diagnostics := description.Expr.Value(nil)
		if diagnostics.HasErrors() || !strings.HasSuffix(value.AsString(), ".") {
			t.Errorf("the description of %s is %v, want a sentence", name, value)
		}
	}
}

// TestRights is what the accounts may do: a role more must be a decision.
func TestRights(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for name, block := range load(t).blocks {
		if role := block.Body.Attributes["role"]; role != nil {
			value, diagnostics := role.Expr.Value(nil)
			if diagnostics.HasErrors() {
				t.Fatalf("the role of %s is not a text: %v", name, diagnostics)
			}
			got[name] = value.AsString()
		}
	}
	want := map[string]string{
		"google_project_iam_member.worker":                      "roles/dataflow.worker",
		"google_storage_bucket_iam_member.worker":               "roles/storage.objectUser",
		"google_storage_bucket_iam_member.worker_input":         "roles/storage.objectViewer",
		"google_artifact_registry_repository_iam_member.worker": "roles/artifactregistry.reader",
		"google_project_iam_member.submitter":                   "roles/dataflow.developer",
		"google_service_account_iam_member.submitter":           "roles/iam.serviceAccountUser",
		"google_storage_bucket_iam_member.submitter":            "roles/storage.objectUser",
		"google_storage_bucket_iam_member.submitter_input":      "roles/storage.objectViewer",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
}

// TestBuckets wants no object of any bucket to be public, nor to have rights of its
// own.
func TestBuckets(t *testing.T) {
	t.Parallel()
	c := load(t)
	buckets := 0
	for _, name := range slices.Sorted(maps.Keys(c.blocks)) {
		if !strings.HasPrefix(name, "google_storage_bucket.") {
			continue
		}
		buckets++
		for attribute, want := range map[string]string{"uniform_bucket_level_access": "true", "public_access_prevention": "enforced"} {
			set := c.blocks[name].Body.Attributes[attribute]
			if set == nil {
				t.Errorf("%s lacks %s", name, attribute)
				continue
			}
			value, diagnostics := set.Expr.Value(nil)
			if got := fmt.Sprintf("%#v", value); diagnostics.HasErrors() || !strings.Contains(strings.ToLower(got), want) {
				t.Errorf("%s of %s is %s, want %s", attribute, name, got, want)
			}
		}
	}
	if buckets != 2 {
		t.Errorf("%d buckets, want 2", buckets)
	}
}
