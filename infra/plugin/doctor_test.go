// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/infra/version"
	"github.com/chromabeam/chromabeam/model"
)

// testMachine lacks everything.
func testMachine(t *testing.T, env map[string]string) machine {
	t.Helper()
	home := t.TempDir()
	dir := filepath.Join(home, "plugins")
	return machine{
		getenv:    func(name string) string { return env[name] },
		lookPath:  func(name string) (string, error) { return "", errors.New("not found: " + name) },
		home:      func() (string, error) { return home, nil },
		pluginDir: func() (string, error) { return dir, nil },
		cacheDir:  func() (string, error) { return home, nil },
		probe: func() []model.BackendStatus {
			return []model.BackendStatus{{Name: "xla:cpu", Problem: "no plugin", Fix: "run setup"}, {Name: "go", Usable: true, Device: "Go"}}
		},
		freeDisk: func(string) (uint64, bool) { return 5e8, true },
		memory:   func() (total, available uint64, ok bool) { return 8e9, 4e9, true },
		platform: func() platform { return platform{os: "linux", arch: "amd64", major: 2, minor: 36} },
		version:  func() version.Info { return version.Info{Version: "v1"} },
	}
}

func find(t *testing.T, list []Finding, name string) Finding {
	t.Helper()
	for _, f := range list {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no finding %q among %+v", name, list)
	return Finding{}
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const adc, token = `{"type": "authorized_user", "client_secret": "hush"}`, `{"username": "u", "key": "hush"}`
	tests := []struct {
		name  string
		env   map[string]string
		have  func(t *testing.T, m *machine)
		check string
		ok    bool
		want  string // in Detail
		fix   string // in Fix
	}{
		{check: "version", ok: true, want: "chromabeam v1"},
		{check: "system", ok: true, want: "linux/amd64, glibc 2.36"},
		{check: "system", ok: true, want: "8.0 GB memory, 4.0 GB available"},
		{check: "cgo", want: "without cgo", fix: "CGO_ENABLED=1"},
		{name: "there", check: "cgo", ok: true, want: "can load", have: func(_ *testing.T, m *machine) {
			m.version = func() version.Info { return version.Info{Cgo: true} }
		}},
		{check: "c compiler", want: "none of gcc, clang, cc", fix: "install gcc"},
		{name: "CC with flags", check: "c compiler", ok: true, want: "/bin/mycc", env: map[string]string{"CC": "mycc -m64"},
			have: func(_ *testing.T, m *machine) {
				m.lookPath = func(name string) (string, error) { return "/bin/" + name, nil }
			}},
		{check: "xla:cpu", want: "no plugin", fix: "run setup"},
		{check: "go", ok: true, want: "Go"},
		{check: "cpu plugin", want: "not in", fix: "chromabeam setup -backend cpu"},
		{name: "elsewhere", check: "cpu plugin", want: "not in", fix: "darwin/arm64", have: func(_ *testing.T, m *machine) {
			m.platform = func() platform { return platform{os: "darwin", arch: "arm64"} }
		}},
		{name: "by hand", check: "cpu plugin", ok: true, want: "not checked", have: func(t *testing.T, m *machine) {
			dir, _ := m.pluginDir()
			writeFile(t, filepath.Join(dir, model.PluginFile("cpu")), "library")
		}},
		{check: "disk", want: "0.5 GB free", fix: "make room"},
		{name: "much", check: "disk", ok: true, want: "99.0 GB free", have: func(_ *testing.T, m *machine) {
			m.freeDisk = func(dir string) (uint64, bool) {
				_, err := os.Stat(dir)
				return 99e9, err == nil
			}
		}},
		{name: "unknown", check: "disk", ok: true, want: "not known", have: func(_ *testing.T, m *machine) {
			m.freeDisk = func(string) (uint64, bool) { return 0, false }
		}},
		{check: "google", want: "no application default", fix: "gcloud auth"},
		{name: "emulator", check: "google", ok: true, want: "127.0.0.1:9", env: map[string]string{"STORAGE_EMULATOR_HOST": "127.0.0.1:9"}},
		{name: "gcloud", check: "google", ok: true, want: "authorized_user", have: func(t *testing.T, m *machine) {
			home, _ := m.home()
			writeFile(t, filepath.Join(home, ".config", "gcloud", "application_default_credentials.json"), adc)
		}},
		{name: "named and missing", check: "google", want: "GOOGLE_APPLICATION_CREDENTIALS", fix: "gcloud auth",
			env: map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/key.json"}},
		{name: "damaged", check: "google", want: "no application default", fix: "gcloud auth", have: func(t *testing.T, m *machine) {
			home, _ := m.home()
			writeFile(t, filepath.Join(home, ".config", "gcloud", "application_default_credentials.json"), "{}")
		}},
		{check: "kaggle", want: "no Kaggle token", fix: "kaggle.json"},
		{name: "half", check: "kaggle", want: "KAGGLE_KEY is not", fix: "kaggle.json", env: map[string]string{"KAGGLE_USERNAME": "u"}},
		{name: "configured folder", check: "kaggle", want: "no Kaggle token", fix: filepath.Join("elsewhere", "kaggle.json"),
			env: map[string]string{"KAGGLE_CONFIG_DIR": "elsewhere"}},
		{name: "damaged file", check: "kaggle", want: "kaggle.json", fix: "create another", have: func(t *testing.T, m *machine) {
			home, _ := m.home()
			writeFile(t, filepath.Join(home, ".kaggle", "kaggle.json"), `{"username": "hush"`)
		}},
		{name: "other folder", check: "kaggle", ok: true, want: filepath.Join(".config", "kaggle", "access_token"), have: func(t *testing.T, m *machine) {
			home, _ := m.home()
			writeFile(t, filepath.Join(home, ".config", "kaggle", "access_token"), "hush")
		}},
		{name: "file", check: "kaggle", ok: true, want: "kaggle.json", have: func(t *testing.T, m *machine) {
			home, _ := m.home()
			writeFile(t, filepath.Join(home, ".kaggle", "kaggle.json"), token)
		}},
		{name: "environment", check: "kaggle", ok: true, want: "KAGGLE_KEY",
			env: map[string]string{"KAGGLE_USERNAME": "u", "KAGGLE_KEY": "hush"}},
		{name: "new token", check: "kaggle", ok: true, want: "KAGGLE_API_TOKEN", env: map[string]string{"KAGGLE_API_TOKEN": "hush"}},
	}
	for _, tt := range tests {
		t.Run(strings.TrimSpace(tt.check+" "+tt.name), func(t *testing.T) {
			t.Parallel()
			m := testMachine(t, tt.env)
			if tt.have != nil {
				tt.have(t, &m)
			}
			list := m.check(t.Context())
			f := find(t, list, tt.check)
			if f.OK != tt.ok || !strings.Contains(f.Detail, tt.want) || !strings.Contains(f.Fix, tt.fix) {
				t.Errorf("got %+v, want ok %v, detail with %q, fix with %q", f, tt.ok, tt.want, tt.fix)
			}
			if !f.OK && f.Fix == "" {
				t.Errorf("%+v has no fix", f)
			}
			for _, f := range list {
				if strings.Contains(f.Detail+f.Fix, "hush") {
					t.Errorf("%+v tells a secret", f)
				}
			}
		})
	}
}

func TestCheckInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if f := find(t, testMachine(t, nil).check(ctx), "doctor"); f.OK {
		t.Errorf("%+v is ok", f)
	}
}
