// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/modeltest"
)

// TestMake makes the files of a tiny network: the card has its numbers, and the
// sentences that were there.
func TestMake(t *testing.T) {
	t.Parallel()
	dir, run := t.TempDir(), modeltest.Tiny(t)
	write := func(path, text string) string {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	card := write(filepath.Join(dir, CardFile), `{"name":"old","summary":"a sentence","not_for":["photographs"],"parameters":7}`)
	write(filepath.Join(run, "recipe.json"), `{"about":{"name":"tiny"},"size":16,"norm":"batch"}`)
	source, err := model.OpenSource(run)
	if err != nil {
		t.Fatal(err)
	}
	e, err := model.NewExport(source, model.ExportOptions{
		DType: "bfloat16", Layout: model.LayoutChromabeam, Output: filepath.Join(dir, WeightsFile), ToolVersion: "v3",
	})
	if err != nil {
		t.Fatal(err)
	}
	about, err := e.Write()
	if err != nil {
		t.Fatal(err)
	}
	metrics := write(filepath.Join(dir, "a.json"), `{"pictures":3,"split":"val","model":"`+about.SHA256+`","raw":{"l1":0.123456},"true_colorfulness":40}`)
	got, err := Make(dir, run, map[string]string{"a": metrics})
	if err != nil {
		t.Fatal(err)
	}
	want := Card{
		Name: Name, Summary: "a sentence", Recipe: Name, Settings: map[string]any{"size": 16.0, "norm": "batch"},
		Metrics: []Metrics{{Set: "a", Split: "val", Pictures: 3, TrueColorfulness: 40}},
		NotFor:  []string{"photographs"}, Parameters: modeltest.TinyConfig().ParameterCount(), ToolVersion: "v3",
		Weights: Weights{DType: "bfloat16", Bytes: about.Bytes, SHA256: about.SHA256, Checkpoint: "best", Step: 1, SourceSHA256: about.Hash},
	}
	want.Metrics[0].Raw.L1 = 0.1235
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the card (-want +got):\n%s", diff)
	}
	text, err := os.ReadFile(card)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := decodeCard(text); err != nil || !cmp.Equal(want, back) {
		t.Errorf("read back (%v): %s", err, cmp.Diff(want, back))
	}
	if c, err := model.ReadModelConfig(dir); err != nil || c != modeltest.TinyConfig() {
		t.Errorf("model.json has %+v (%v)", c, err)
	}
	write(metrics, `{"pictures":3,"split":"val","model":"other"}`)
	if _, err := Make(dir, run, map[string]string{"a": metrics}); err == nil || !strings.Contains(err.Error(), `the metrics of a are of model "other"`) {
		t.Errorf("metrics of other weights: %v", err)
	}
}
