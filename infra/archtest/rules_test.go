// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"fmt"
	"slices"
	"strings"
)

const (
	module = "github.com/chromabeam/chromabeam"
	beam   = "github.com/apache/beam"
	gomlx  = "github.com/gomlx"
)

// pkg is what the rules look at, as `go list -json` prints it. Tests' imports
// are not among them: a test may use what its package may not.
type pkg struct {
	ImportPath string
	// Imports are direct; Deps are all, the direct ones among them.
	Imports, Deps []string
	Dir           string
	GoFiles       []string
	CgoFiles      []string
}

// rel is a package's path inside the module, "" for its top.
func rel(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

// rule forbids packages to import others.
type rule struct {
	// text is the rule in words.
	text string
	// of names the packages it is for, and except those of them it is not for:
	// paths in the module, each with everything below it.
	of, except []string
	// never names the packages that must not be imported: full paths, or paths
	// in the module where they begin with "./", each with everything below it.
	never []string
	// direct limits the rule to a package's own imports.
	direct bool
}

var withoutBeam = []string{
	"model", "train", "transforms/fault", "transforms/failpoint", "transforms/source", "transforms/pixel",
	"transforms/shard", "transforms/report", "transforms/gcs", "transforms/store", "transforms/plan", "transforms/telemetry", "infra/kaggle",
}

func rules() []rule {
	return []rule{
		{text: "Beam stays out of the model, training and the formats", of: withoutBeam, never: []string{beam}},
		{
			text: "tensors stay out of prepare, of fetch and of all transforms but inference",
			of:   []string{"pipelines/prepare", "pipelines/runner", "transforms", "infra/kaggle"}, except: []string{"transforms/inference"},
			never: []string{gomlx, "./model", "./train"},
		},
		{
			text: "transforms know nothing above them", of: []string{"transforms"},
			never: []string{"./pipelines", "./train", "./cmd", "./infra"},
		},
		{
			text: "the model knows nothing above it", of: []string{"model"},
			never: []string{"./pipelines", "./train", "./cmd", "./infra"},
		},
		{
			text: "only model/origin reads models from a bucket", of: []string{"model"}, except: []string{"model/origin"},
			never: []string{"./transforms/store", "./transforms/gcs"},
		},
		{text: "training knows no pipeline", of: []string{"train"}, never: []string{"./pipelines", "./cmd", "./infra"}},
		{text: "pipelines know no training", of: []string{"pipelines"}, never: []string{"./train", "./cmd", "./infra"}},
		{text: "infra serves the commands", of: []string{"infra"}, never: []string{"./pipelines", "./train", "./cmd"}},
		{
			text: "only pipelines/runner knows Beam's runners", of: []string{""}, except: []string{"pipelines/runner"},
			never: []string{
				beam + "/sdks/v2/go/pkg/beam/runners", beam + "/sdks/v2/go/pkg/beam/x/beamx",
				beam + "/sdks/v2/go/pkg/beam/options", "google.golang.org/api/dataflow", "google.golang.org/grpc",
			},
			direct: true,
		},
		{
			text: "only commands parse flags, and pipelines/runner Beam's", of: []string{""},
			except: []string{"cmd", "pipelines/runner"}, never: []string{"flag"}, direct: true,
		},
		{
			text: "only pixel resizes, and nobody decodes with imaging", of: []string{""}, except: []string{"transforms/pixel"},
			never: []string{"github.com/disintegration/imaging"}, direct: true,
		},
		{
			text: "only transforms/telemetry knows Prometheus and serves profiles", of: []string{""}, except: []string{"transforms/telemetry"},
			never: []string{"github.com/prometheus", "net/http/pprof"}, direct: true,
		},
		{
			text: "only transforms/gcs knows the storage client", of: []string{""}, except: []string{"transforms/gcs"},
			never: []string{"cloud.google.com/go/storage"}, direct: true,
		},
	}
}

// under tells whether path is one of roots or lies below one. The root "" is
// above everything.
func under(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return root == "" || path == root || strings.HasPrefix(path, root+"/")
	})
}

// applies tells whether the rule is for a package.
func (r rule) applies(p pkg) bool {
	path := rel(p.ImportPath)
	return under(path, r.of) && !under(path, r.except)
}

// broken returns a sentence for every import that breaks the rule.
func (r rule) broken(p pkg) []string {
	if !r.applies(p) {
		return nil
	}
	var never []string
	for _, n := range r.never {
		if local, ok := strings.CutPrefix(n, "./"); ok {
			n = module + "/" + local
		}
		never = append(never, n)
	}
	imports, how := p.Deps, "depends on"
	if r.direct {
		imports, how = p.Imports, "imports"
	}
	var list []string
	for _, i := range imports {
		if under(i, never) {
			list = append(list, fmt.Sprintf("%s %s %s: %s", rel(p.ImportPath), how, i, r.text))
		}
	}
	return list
}

// checkNames refuses packages that are named after nothing.
func checkNames(p pkg) []string {
	for part := range strings.SplitSeq(rel(p.ImportPath), "/") {
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc", "internal"}, part) {
			return []string{fmt.Sprintf("%s: %q names nothing", rel(p.ImportPath), part)}
		}
	}
	return nil
}
