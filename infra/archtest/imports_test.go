// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// load returns the module's folder and packages as the go command sees them.
var load = sync.OnceValues(func() (loaded, error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return loaded{}, err
	}
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps,Dir,GoFiles,CgoFiles", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return loaded{}, errors.New("go list: " + err.Error() + "\n" + stderr.String())
	}
	l := loaded{root: root}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) { //nolint:musttag // The go command's names are the fields'.
			return l, nil
		} else if err != nil {
			return loaded{}, err
		}
		l.packages = append(l.packages, p)
	}
})

type loaded struct {
	root     string
	packages []pkg
}

func mustLoad(t *testing.T) loaded {
	t.Helper()
	l, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestImports(t *testing.T) {
	t.Parallel()
	l := mustLoad(t)
	for _, r := range rules() {
		applied := false
		for _, p := range l.packages {
			applied = applied || r.applies(p)
			for _, s := range r.broken(p) {
				t.Error(s)
			}
		}
		if !applied {
			t.Errorf("the rule %q is for no package: it has lost its purpose", r.text)
		}
	}
	for _, p := range l.packages {
		for _, s := range checkNames(p) {
			t.Error(s)
		}
	}
	// What a rule names must be what is imported somewhere, else a renamed
	// module would pass unseen.
	for _, want := range []string{beam, gomlx} {
		found := false
		for _, p := range l.packages {
			for _, d := range p.Deps {
				found = found || under(d, []string{want})
			}
		}
		if !found {
			t.Errorf("nothing imports %s: are the rules up to date?", want)
		}
	}
}

// TestImportsOfEveryPackage names each package that must do without Beam, so
// that one that is renamed or forgotten is missed.
func TestImportsOfEveryPackage(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	for _, p := range mustLoad(t).packages {
		have[rel(p.ImportPath)] = true
	}
	for _, want := range withoutBeam {
		if !have[want] {
			t.Errorf("there is no package %s", want)
		}
	}
}

// TestRulesCanFail feeds every rule with packages that break it, and with the
// nearest that do not.
func TestRulesCanFail(t *testing.T) {
	t.Parallel()
	const runners = beam + "/sdks/v2/go/pkg/beam/runners/direct"
	tests := []struct {
		path, dep string
		direct    bool
		want      string // in the complaint; empty for none
	}{
		{"model", beam + "/sdks/v2/go/pkg/beam", false, "Beam stays out"},
		{"model/modeltest", beam + "/sdks/v2/go/pkg/beam", false, "Beam stays out"},
		{"train/recipes", beam, false, "Beam stays out"},
		{"transforms/pixel", beam, false, "Beam stays out"},
		{"transforms/source", beam, false, "Beam stays out"},
		{"transforms/shard", beam, false, "Beam stays out"},
		{"transforms/report", beam, false, "Beam stays out"},
		{"transforms/fault", beam, false, "Beam stays out"},
		{"transforms/gcs", beam, false, "Beam stays out"},
		{"transforms/gcs/gcstest", beam, false, "Beam stays out"},
		{"transforms/store", beam, false, "Beam stays out"},
		{"transforms/plan", beam, false, "Beam stays out"},
		{"transforms/telemetry", beam, false, "Beam stays out"},
		{"infra/kaggle", beam, false, "Beam stays out"},
		{"infra/version", beam, false, ""},
		{"transforms", beam + "/sdks/v2/go/pkg/beam", false, ""},
		{"transforms/reporting", beam + "/sdks/v2/go/pkg/beam", false, ""},
		{"pipelines/prepare", gomlx + "/gomlx/core/graph", false, "tensors stay out"},
		{"pipelines/prepare", module + "/model", false, "tensors stay out"},
		{"transforms", gomlx + "/compute", false, "tensors stay out"},
		{"transforms/store", gomlx + "/compute", false, "tensors stay out"},
		{"transforms/plan", gomlx + "/compute", false, "tensors stay out"},
		{"infra/kaggle", gomlx + "/compute", false, "tensors stay out"},
		{"infra/plugin", gomlx + "/compute", false, ""},
		{"transforms/inference", gomlx + "/compute", false, ""},
		{"transforms/inference", module + "/model", false, ""},
		{"transforms/inference", module + "/pipelines/bulk", false, "transforms know nothing"},
		{"transforms/pixel", module + "/infra/version", false, "transforms know nothing"},
		{"pipelines/bulk", module + "/model", false, ""},
		{"pipelines/bulk", module + "/train", false, "pipelines know no training"},
		{"model", module + "/train", false, "the model knows nothing"},
		{"model", module + "/transforms/pixel", false, ""},
		{"train", module + "/pipelines/runner", false, "training knows no pipeline"},
		{"train", module + "/model", false, ""},
		{"infra/plugin", module + "/cmd/chromabeam", false, "infra serves"},
		{"infra/plugin", module + "/model", false, ""},
		{"pipelines/bulk", runners, true, "runners"},
		{"pipelines/bulk", runners, false, ""},
		{"cmd/chromabeam", runners, true, "runners"},
		{"pipelines/runner", runners, true, ""},
		{"pipelines/runner/dataflowtest", runners, true, ""},
		{"pipelines/prepare", beam + "/sdks/v2/go/pkg/beam/x/beamx", true, "runners"},
		{"pipelines/prepare", beam + "/sdks/v2/go/pkg/beam/options/gcpopts", true, "runners"},
		{"cmd/chromabeam", "google.golang.org/api/dataflow/v1b3", true, "runners"},
		{"pipelines/runner", "google.golang.org/api/dataflow/v1b3", true, ""},
		{"model", module + "/transforms/store", false, "only model/origin"},
		{"model/origin", module + "/transforms/store", true, ""},
		{"train", "flag", true, "flags"},
		{"train", "flag", false, ""},
		{"cmd/chromabeam", "flag", true, ""},
		{"pipelines/runner", "flag", true, ""},
		{"train", "github.com/disintegration/imaging", true, "imaging"},
		{"transforms/pixel", "github.com/disintegration/imaging", true, ""},
		{"transforms/source", "cloud.google.com/go/storage", true, "storage client"},
		{"transforms/source", "cloud.google.com/go/storage", false, ""},
		{"transforms/gcs", "cloud.google.com/go/storage", true, ""},
		{"pipelines/bulk", "github.com/prometheus/client_golang/prometheus", true, "knows Prometheus"},
		{"cmd/chromabeam", "net/http/pprof", true, "serves profiles"},
		{"pipelines/bulk", "net/http/pprof", false, ""},
		{"transforms/telemetry", "net/http/pprof", true, ""},
		{"train/util", "", false, "names nothing"},
	}
	for _, tt := range tests {
		p := pkg{ImportPath: module + "/" + tt.path, Imports: []string{"fmt"}, Deps: []string{"fmt", tt.dep}}
		if tt.direct {
			p.Imports = append(p.Imports, tt.dep)
		}
		got := checkNames(p)
		for _, r := range rules() {
			got = append(got, r.broken(p)...)
		}
		switch {
		case tt.want == "" && len(got) > 0:
			t.Errorf("%s may depend on %s (direct %v), got %q", tt.path, tt.dep, tt.direct, got)
		case tt.want != "" && !strings.Contains(strings.Join(got, "\n"), tt.want):
			t.Errorf("%s depends on %s (direct %v): got %q, want %q", tt.path, tt.dep, tt.direct, got, tt.want)
		}
	}
}

func TestTopLevel(t *testing.T) {
	t.Parallel()
	root := mustLoad(t).root
	ignore, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	for _, s := range checkTopLevel(folders, string(ignore)) {
		t.Error(s)
	}
	if got := checkTopLevel([]string{"model", "bin", ".ci", "src"}, "/bin/\n"); len(got) != 1 || !strings.Contains(got[0], "src") {
		t.Errorf("checkTopLevel = %q, want a complaint about src alone", got)
	}
}

// checkTopLevel returns the folders that do not belong at the top. What git
// ignores there is build output.
func checkTopLevel(folders []string, gitignore string) []string {
	allowed := map[string]bool{
		"pipelines": true, "transforms": true, "model": true, "train": true, "cmd": true, "infra": true, "docs": true,
	}
	for line := range strings.Lines(gitignore) {
		if name := strings.Trim(strings.TrimSpace(line), "/"); name != "" && !strings.ContainsAny(name, "*/#!") {
			allowed[name] = true
		}
	}
	var list []string
	for _, f := range folders {
		if !allowed[f] && !strings.HasPrefix(f, ".") {
			list = append(list, "the top level holds the folder "+f)
		}
	}
	return list
}
