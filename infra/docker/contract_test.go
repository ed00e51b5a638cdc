// SPDX-License-Identifier: Apache-2.0

//go:build linux

package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestContract runs jobs in workers that are started as a runner starts containers of
// the image: boot, from the image's tree, with the image's environment alone, and where
// this test may choose, as a user who owns nothing of it.
func TestContract(t *testing.T) {
	t.Parallel()
	c := newContainer(t, newBuilder(t))
	t.Run("doctor", c.testDoctor)
	endpoint := startPrism(t)
	flags := []string{
		"-runner", "universal", "-endpoint", endpoint, "-environment_type", "PROCESS",
		"-environment_config", fmt.Sprintf(`{"command":%q}`, c.starter(t)), "-worker_binary", c.program(),
	}
	output(t, exec.CommandContext(t.Context(), "cp", "-r", "../../model/builtin/testdata/faces", filepath.Join(c.tmp, "faces")))
	for _, job := range [][]string{
		{"prepare", "-size", "64", "-input", "faces"},
		{"bulk", "-model", filepath.Join(c.root, "opt/chromabeam/model/small.safetensors"), "-backend", "xla:cpu", "-input", "faces"},
	} {
		t.Run(job[0], func(t *testing.T) {
			output(t, c.command(t, append(job, "-output", "here-"+job[0])...))
			output(t, c.command(t, slices.Concat(job, []string{"-output", "there-" + job[0]}, flags)...))
			want, got := digests(t, filepath.Join(c.tmp, "here-"+job[0])), digests(t, filepath.Join(c.tmp, "there-"+job[0]))
			if len(want) < 3 {
				t.Fatalf("it made only %v", want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("workers of the image make something else than direct (-want +got):\n%s", diff)
			}
		})
	}
	c.ended(t)
}

// newBuilder makes what comes from elsewhere: the programs, which take the most time,
// and a model.
func newBuilder(t *testing.T) builder {
	t.Helper()
	info, _ := debug.ReadBuildInfo()
	switch {
	case runtime.GOARCH != "amd64":
		t.Skip("the images are for linux/amd64")
	case slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}):
		t.Skip("it runs other programs, which have no race detector")
	}
	b := builder{file: readDockerfile(t), cache: installedPlugin(t)}
	dir := t.TempDir()
	program, boot, model := filepath.Join(dir, "chromabeam"), filepath.Join(dir, "beam"), filepath.Join(dir, "model")
	build(t, program, "../../cmd/chromabeam")
	build(t, filepath.Join(boot, "boot"), "github.com/apache/beam/sdks/v2/go/container")
	if err := os.Mkdir(model, 0o755); err != nil {
		t.Fatal(err)
	}
	output(t, exec.CommandContext(t.Context(), program, "export", "-model", "builtin", "-layout", "chromabeam", filepath.Join(model, "small.safetensors")))
	b.made = map[string]string{
		"beam:/opt/apache/beam": boot, "build:/out/chromabeam": program, "model:.": model,
		":LICENSE": "../../LICENSE", ":NOTICE": "../../NOTICE",
	}
	return b
}

// installedPlugin is the plugin folder of whoever runs the tests, which setup has made
// as it makes the image's.
func installedPlugin(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CHROMABEAM_PLUGIN_DIR")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(cache, "chromabeam", "pjrt")
	}
	if _, err := os.Stat(filepath.Join(dir, "pjrt_c_api_cpu_plugin.so")); err != nil {
		if os.Getenv("CHROMABEAM_REQUIRE_XLA") == "1" {
			t.Fatalf("CHROMABEAM_REQUIRE_XLA=1, but %v", err)
		}
		t.Skipf("no XLA plugin, which make setup installs: %v", err)
	}
	return dir
}

// testDoctor wants the program to find the image's own plugin, whole.
func (c container) testDoctor(t *testing.T) {
	var findings []struct {
		Name   string `json:"name"`
		OK     bool   `json:"ok"`
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(output(t, c.command(t, "doctor", "-json")), &findings); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range findings {
		if f.Name == "xla:cpu" || f.Name == "cpu plugin" {
			seen++
			if !f.OK || !strings.Contains(f.Detail, c.root) {
				t.Errorf("%+v, want the plugin of %s", f, c.root)
			}
		}
	}
	if seen != 2 {
		t.Errorf("the doctor said %+v", findings)
	}
	// XLA's CUDA plugin keeps there what it finds out, whoever runs it.
	st, err := os.Stat(filepath.Join(c.root, "opt/chromabeam/pjrt/autotune"))
	if err != nil {
		t.Fatal(err)
	}
	if got := st.Mode().Perm(); got != 0o777 {
		t.Errorf("the folder autotune has mode %o, want 777", got)
	}
}

// digests are those of an output's files, apart from what names times, places and
// writers.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name == ".chromabeam":
			return fs.SkipDir
		case entry.IsDir(), strings.HasPrefix(name, "report."):
			return nil
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		sum := sha256.Sum256(data)
		sums[name] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}
