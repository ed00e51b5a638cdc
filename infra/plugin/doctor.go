// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"

	"github.com/chromabeam/chromabeam/infra/version"
	"github.com/chromabeam/chromabeam/model"
)

// Finding is one thing known of this machine.
type Finding struct {
	Name string `json:"name"`
	// OK is false for what is missing. Not all of it is needed: Fix says what for.
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	// Fix says how to get what is missing, and what it is good for.
	Fix string `json:"fix,omitempty"`
}

// Check examines the machine: the system, the backends, the plugins and their
// files' content, what building needs, disk space, and credentials, of which it
// tells only whether they are there. It opens every backend and reads every
// plugin's files, so it takes seconds. It uses no network.
func Check(ctx context.Context) []Finding {
	m := machine{
		getenv: os.Getenv, lookPath: exec.LookPath, home: os.UserHomeDir,
		pluginDir: model.PluginDir, cacheDir: os.UserCacheDir, probe: model.Probe,
		freeDisk: freeDisk, memory: memory, platform: thisPlatform, version: version.Get,
	}
	return m.check(ctx)
}

// machine is what the checks ask; the tests answer otherwise.
type machine struct {
	getenv              func(string) string
	lookPath            func(string) (string, error)
	home                func() (string, error)
	pluginDir, cacheDir func() (string, error)
	probe               func() []model.BackendStatus
	// freeDisk and memory are in bytes; ok is false where it cannot be known.
	freeDisk func(dir string) (free uint64, ok bool)
	memory   func() (total, available uint64, ok bool)
	platform func() platform
	version  func() version.Info
}

func (m machine) check(ctx context.Context) []Finding {
	list := []Finding{m.build(), m.system(), m.cgo(), m.compiler()}
	for _, part := range []func() []Finding{m.backends, m.plugins, m.one(m.disk), m.one(m.google), m.one(m.kaggle)} {
		if ctx.Err() != nil {
			return append(list, Finding{Name: "doctor", Detail: "interrupted: " + context.Cause(ctx).Error()})
		}
		list = append(list, part()...)
	}
	return list
}

func (machine) one(f func() Finding) func() []Finding {
	return func() []Finding { return []Finding{f()} }
}

func (m machine) build() Finding {
	return Finding{Name: "version", OK: true, Detail: m.version().String()}
}

func (m machine) system() Finding {
	detail := fmt.Sprintf("%s, %d cores", m.platform(), runtime.NumCPU())
	if total, available, ok := m.memory(); ok {
		detail += fmt.Sprintf(", %s memory, %s available", gigabytes(total), gigabytes(available))
	}
	if features := cpuFeatures(); len(features) > 0 {
		detail += ", " + strings.Join(features, " ")
	}
	return Finding{Name: "system", OK: true, Detail: detail}
}

// cpuFeatures are those that the backends' kernels use.
func cpuFeatures() []string {
	var list []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"AVX2", cpu.X86.HasAVX2}, {"FMA", cpu.X86.HasFMA}, {"AVX-512", cpu.X86.HasAVX512F},
		{"NEON", cpu.ARM64.HasASIMD}, {"SVE", cpu.ARM64.HasSVE},
	} {
		if f.has {
			list = append(list, f.name)
		}
	}
	return list
}

func (m machine) cgo() Finding {
	f := Finding{Name: "cgo", OK: m.version().Cgo, Detail: "this binary can load XLA plugins"}
	if !f.OK {
		f.Detail = "this binary was built without cgo and has the go backend only"
		f.Fix = "build with CGO_ENABLED=1 and a C compiler, for the several times faster XLA backends"
	}
	return f
}

func (m machine) compiler() Finding {
	names := []string{"gcc", "clang", "cc"}
	if cc := strings.Fields(m.getenv("CC")); len(cc) > 0 {
		names = cc[:1] // CC may carry flags
	}
	for _, name := range names {
		if path, err := m.lookPath(name); err == nil {
			return Finding{Name: "c compiler", OK: true, Detail: path}
		}
	}
	return Finding{
		Name: "c compiler", Detail: "none of " + strings.Join(names, ", ") + " found",
		Fix: "install gcc or clang, to build a binary with the XLA backends; this binary needs none",
	}
}

func (m machine) backends() []Finding {
	var list []Finding
	for _, b := range m.probe() {
		f := Finding{Name: b.Name, OK: b.Usable, Detail: b.Device}
		if !b.Usable {
			f.Detail, f.Fix = b.Problem, b.Fix
		}
		list = append(list, f)
	}
	return list
}

func (m machine) plugins() []Finding {
	dir, err := m.pluginDir()
	if err != nil {
		return []Finding{{Name: "plugins", Detail: err.Error(), Fix: "set CHROMABEAM_PLUGIN_DIR to a folder"}}
	}
	list := []Finding{m.plugin(dir, CPU)}
	// Who has no card needs no word on its missing plugin; the backend's line says it.
	if _, err := os.Lstat(filepath.Join(dir, model.PluginFile(string(CUDA)))); err == nil {
		list = append(list, m.plugin(dir, CUDA))
	}
	return list
}

func (m machine) plugin(dir string, kind Kind) Finding {
	f := Finding{Name: string(kind) + " plugin"}
	setup := fmt.Sprintf("run chromabeam setup -backend %s", kind)
	path := filepath.Join(dir, model.PluginFile(string(kind)))
	st, err := os.Lstat(path)
	if err != nil {
		f.Detail = "not in " + dir
		if err := supported(m.platform()); err != nil {
			f.Fix = err.Error()
		} else {
			f.Fix = setup
		}
		return f
	}
	if st.Mode().IsRegular() {
		f.OK, f.Detail = true, path+", not installed by setup, so not checked"
		return f
	}
	rec, err := readRecord(dir, kind)
	if err == nil {
		err = errors.Join(rec.complete(dir))
	}
	if err == nil {
		err = rec.verify(dir)
	}
	if err != nil {
		f.Detail, f.Fix = "damaged: "+err.Error(), fmt.Sprintf("remove %s and %s", path, setup)
		return f
	}
	f.OK = true
	f.Detail = fmt.Sprintf("%s, version %s, %d files with the right content", path, rec.Version, len(rec.Files))
	if !rec.of(releases()[kind]) {
		f.Detail += ", older than this binary's"
		f.Fix = setup
	}
	return f
}

// lowDisk is less than a CPU plugin with its download takes.
const lowDisk = 1 << 30

func (m machine) disk() Finding {
	f := Finding{Name: "disk"}
	dir, err := m.pluginDir()
	if err != nil {
		if dir, err = m.cacheDir(); err != nil {
			f.Detail, f.Fix = err.Error(), "set HOME or XDG_CACHE_HOME"
			return f
		}
	}
	free, ok := m.freeDisk(existing(dir))
	switch {
	case !ok:
		f.OK, f.Detail = true, "free space at "+dir+" is not known"
	case free < lowDisk:
		f.Detail = fmt.Sprintf("%s free at %s", gigabytes(free), dir)
		f.Fix = "make room, or set CHROMABEAM_PLUGIN_DIR to another disk: the CPU plugin takes 0.3 GB, CUDA's 6 GB while installing"
	default:
		f.OK, f.Detail = true, fmt.Sprintf("%s free at %s", gigabytes(free), dir)
	}
	return f
}

// existing is the nearest folder that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

func gigabytes(n uint64) string { return fmt.Sprintf("%.1f GB", float64(n)/1e9) }
