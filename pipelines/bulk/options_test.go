// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

func TestDefaultOptions(t *testing.T) {
	t.Parallel()
	o := DefaultOptions()
	o.Model, o.Input, o.Output = "run", "in", "out"
	if err := o.Validate(); err != nil {
		t.Error(err)
	}
	if o.Limits.MaxPixels != 200_000_000 || o.Strength != 100 || o.SkipColor || o.RecodeLuma {
		t.Errorf("defaults are %+v", o)
	}
}

// TestValidateAll: all that is wrong is said at once.
func TestValidateAll(t *testing.T) {
	t.Parallel()
	err := Options{
		Format: "bmp", Quality: 101, Strength: -1, RenderSize: 7, Prefix: "a/b", Suffix: "a\nb", Limit: -1, Sample: -2,
		Watch: time.Millisecond, MetricsAddr: "0.0.0.0:80", Workers: -1, Limits: pixel.Limits{}, Runner: "abacus", Checkpoint: "first",
	}.Validate()
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for _, want := range []string{
		"input must", "output must", "model must", `got "bmp"`, "quality must be in [1, 100], got 101",
		"strength must be in [0, 100], got -1", "render size must", "prefix must", "suffix must", "limit must be at least 0, got -1",
		"sample must be in [0, 1000000], got -2", "watch must be at least 1s, got 1ms", "metrics address must", "batch must",
		"workers must be in [0, 1024], got -1", "memory budget must", "limits must", `runner must be one of direct, prism`, "first",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%v", want, err)
		}
	}
}

func TestValidateWatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"plain", func(*Options) {}, ""},
		{"prism", func(o *Options) { o.Runner = "prism" }, ""},
		{"bucket", func(o *Options) { o.Output = "gs://bucket/out" }, ""},
		{"dataflow", func(o *Options) { o.Runner = "dataflow" }, "runner must be direct or prism"},
		{"limit", func(o *Options) { o.Limit = 1 }, "limit or sample"},
		{"sample", func(o *Options) { o.Sample = 1 }, "limit or sample"},
		{"zip", func(o *Options) { o.Output = "out.zip" }, "archive would be written anew"},
		{"tar", func(o *Options) { o.Output = "gs://bucket/out.tar" }, "archive would be written anew"},
		{"negative", func(o *Options) { o.Watch = -time.Second }, "watch must be at least 1s"},
	} {
		o := DefaultOptions()
		o.Model, o.Input, o.Output, o.Watch = "run", "in", "out", 30*time.Second
		tt.change(&o)
		err := o.Validate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

// TestValidateRemote: places that workers elsewhere cannot see, and what -detach
// cannot leave to them. The runners' own rules are tested where they are.
func TestValidateRemote(t *testing.T) {
	// Nothing of this machine's own configuration.
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none"))
	t.Setenv("CLOUDSDK_COMPUTE_REGION", "us-central1")
	o := DefaultOptions()
	o.Model, o.Input, o.Output, o.Runner, o.Remote.Detach = "run", "in", "gs://bucket/out.zip", "dataflow", true
	err := o.Validate()
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for _, want := range []string{"input must be under gs://", "model must be under gs://", "output must be a folder or a prefix with -detach"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "output must be under gs://") {
		t.Errorf("an output under gs:// is refused:\n%v", err)
	}
}

// TestRemote: "auto" stands for what the workers of dataflow have.
func TestRemote(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ runner, backend, gpu, want string }{
		{"direct", "auto", "", "auto"},
		{"dataflow", "auto", "", "go"},
		{"dataflow", "", "nvidia-l4", "xla:cuda"},
		{"dataflow", "xla:cpu", "", "xla:cpu"},
		{"flink", "auto", "", "auto"},
	} {
		o := DefaultOptions()
		o.Input, o.Model, o.Runner, o.Backend, o.Remote.GPU = "in", "run", tt.runner, tt.backend, tt.gpu
		got := o.remote()
		if got.Backend != tt.want {
			t.Errorf("%+v: backend %q", tt, got.Backend)
		}
		if whole := filepath.IsAbs(got.Input) && filepath.IsAbs(got.Model); whole == (tt.runner == "direct") {
			t.Errorf("%s: input %q, model %q", tt.runner, got.Input, got.Model)
		}
	}
}
