// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/infra/plugin/wheel"
	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Kind is the device a plugin is for.
type Kind string

// The kinds of plugins.
const (
	CPU  Kind = "cpu"
	CUDA Kind = "cuda"
)

// ErrUnreachable is the error of an installation that found no network.
var ErrUnreachable = wheel.ErrUnreachable

// ErrUnsupported is the error of a kind or of a machine for which there is no
// plugin.
var ErrUnsupported = errors.New("no XLA plugin for this machine")

// Options say what to install.
type Options struct {
	// Kind is [CPU] where it is empty.
	Kind Kind
	// Dir is the plugin folder, model.PluginDir where it is empty.
	Dir string
	// Progress, if not nil, is told how many bytes of all the downloads are
	// there. It is called from one goroutine.
	Progress func(done, total int64)
	// Waiting, if not nil, is called once where another process is installing
	// into the same folder.
	Waiting func()
	// Client does the requests; nil means one with short time limits for
	// connecting and none for the transfer.
	Client *http.Client
}

// Installed is what an installation came to.
type Installed struct {
	Kind    Kind   `json:"kind"`
	Version string `json:"version"`
	// Path is the plugin's library, its real path rather than the link to it.
	Path string `json:"path"`
	// Source names the files that it came from.
	Source string `json:"source"`
	// Fresh is false where it was there already.
	Fresh bool `json:"fresh"`
	// Bytes is the size of what is installed.
	Bytes int64 `json:"bytes"`
}

// Install puts a plugin where the model package finds it. One that is there
// already, of the pinned version and with all its files, is left alone. An
// interrupted download goes on at the next call, and two calls at once, from
// two processes too, take turns.
//
// Files come from PyPI, or from the index that PIP_INDEX_URL names. A file that
// lies in the folder "downloads" of the plugin folder under its own name is
// used instead of fetching it, so that it can be brought from elsewhere. The
// error is an [ErrUnsupported] or an [ErrUnreachable] where it is either, and
// says what to do; an unknown kind and an [ErrUnsupported] are request errors
// in the sense of [fault.RequestError].
func Install(ctx context.Context, o Options) (Installed, error) {
	if o.Kind == "" {
		o.Kind = CPU
	}
	r, ok := releases()[o.Kind]
	if !ok {
		return Installed{}, fault.Request("backend must be cpu or cuda, got %q", o.Kind)
	}
	if err := supported(thisPlatform()); err != nil {
		return Installed{}, fault.AsRequest(err)
	}
	dir := o.Dir
	if dir == "" {
		var err error
		if dir, err = model.PluginDir(); err != nil {
			return Installed{}, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Installed{}, fmt.Errorf("finding the plugin folder: %w", err)
	}
	in := installer{
		release: r, dir: dir, progress: o.Progress, waiting: o.Waiting,
		fetcher: wheel.Fetcher{Client: o.Client, Index: os.Getenv("PIP_INDEX_URL"), Dir: filepath.Join(dir, "downloads")},
	}
	return in.install(ctx)
}

// installer is one installation; the tests give it a release of their own.
type installer struct {
	release
	dir      string
	fetcher  wheel.Fetcher
	progress func(done, total int64)
	waiting  func()
}

func (in *installer) install(ctx context.Context) (got Installed, err error) {
	if err := os.MkdirAll(in.dir, 0o755); err != nil {
		return Installed{}, fmt.Errorf("making the plugin folder: %w", err)
	}
	unlock, err := wheel.Lock(ctx, filepath.Join(in.dir, ".lock"), in.waiting)
	if err != nil {
		return Installed{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	// Whoever held the lock before may have done the work.
	if rec, err := readRecord(in.dir, in.kind); err == nil && rec.of(in.release) && rec.complete(in.dir) == nil {
		return in.installed(rec, false), nil
	}
	archives, err := in.fetch(ctx)
	if err != nil {
		return Installed{}, err
	}
	rec, err := in.unpack(ctx, archives)
	if err != nil {
		return Installed{}, fmt.Errorf("installing the %s plugin: %w", in.kind, err)
	}
	// The archives are of no more use; the folder may hold other downloads.
	for _, path := range archives {
		if err := os.Remove(path); err != nil {
			return Installed{}, fmt.Errorf("removing a download that is unpacked: %w", err)
		}
	}
	_ = os.Remove(in.fetcher.Dir) // fails unless it is empty, which is as wanted
	return in.installed(rec, true), nil
}

// fetch brings every wheel and returns their paths, in the release's order.
func (in *installer) fetch(ctx context.Context) ([]string, error) {
	var total, before int64
	for _, w := range in.wheels {
		total += w.Size
	}
	var paths []string
	for _, w := range in.wheels {
		path, err := in.fetcher.Fetch(ctx, w, func(done int64) {
			if in.progress != nil {
				in.progress(before+done, total)
			}
		})
		if errors.Is(err, ErrUnreachable) {
			return nil, fmt.Errorf("%w (without network: bring %q from https://pypi.org/project/%s/%s/ into %q and run setup again, "+
				"or use -backend go, which needs no plugin)", err, w.File, w.Project, w.Version, in.fetcher.Dir)
		}
		if err != nil {
			return nil, fmt.Errorf("%w (run setup again to go on, or use -backend go, which needs no plugin)", err)
		}
		paths = append(paths, path)
		before += w.Size
	}
	return paths, nil
}

// unpack makes the tree beside its final place, checks it, and publishes it.
func (in *installer) unpack(ctx context.Context, archives []string) (_ record, err error) {
	tmp, err := os.MkdirTemp(in.dir, ".unpacking-")
	if err != nil {
		return record{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	if err := os.Chmod(tmp, 0o755); err != nil { // MkdirTemp gives it to one user alone
		return record{}, err
	}
	rec := record{Kind: in.kind, Version: in.version, Library: in.library.Path}
	for i, w := range in.wheels {
		files, err := wheel.Extract(ctx, archives[i], tmp, func(member string) (string, bool) { return place(w, member) })
		if err != nil {
			return record{}, err
		}
		rec.Files = append(rec.Files, files...)
		rec.Wheels = append(rec.Wheels, source{File: w.File, SHA256: w.SHA256})
	}
	if !slices.Contains(rec.Files, in.library) {
		return record{}, fmt.Errorf("%w: %q with SHA-256 %s is not among the files of %s",
			wheel.ErrMismatch, in.library.Path, in.library.SHA256, in.wheels[0].File)
	}
	if err := rec.write(tmp); err != nil {
		return record{}, err
	}
	return rec, in.publish(tmp, rec)
}

// publish renames the tree to its final name and leads the link to it. A
// process that has an earlier tree's library loaded keeps its pages.
func (in *installer) publish(tmp string, rec record) error {
	tree := filepath.Join(in.dir, rec.tree())
	if err := os.RemoveAll(tree); err != nil { // an earlier one with files missing
		return err
	}
	if err := os.Rename(tmp, tree); err != nil {
		return err
	}
	link := filepath.Join(in.dir, model.PluginFile(string(in.kind)))
	target := filepath.Join(rec.tree(), filepath.FromSlash(rec.Library))
	if err := os.Remove(link + ".new"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, link+".new"); err != nil {
		return err
	}
	return os.Rename(link+".new", link)
}

func (in *installer) installed(rec record, fresh bool) Installed {
	var bytes int64
	for _, f := range rec.Files {
		bytes += f.Size
	}
	var names []string
	for _, w := range rec.Wheels {
		names = append(names, w.File)
	}
	return Installed{
		Kind: in.kind, Version: rec.Version, Fresh: fresh, Bytes: bytes, Source: strings.Join(names, ", "),
		Path: filepath.Join(in.dir, rec.tree(), filepath.FromSlash(rec.Library)),
	}
}

// place says where in the tree a wheel's member goes: libraries, programs and
// data to where the wheel has them, licenses beside them, and headers and
// Python nowhere.
func place(w wheel.Wheel, member string) (string, bool) {
	top, rest, ok := strings.Cut(member, "/")
	if !ok {
		return "", false
	}
	if strings.HasSuffix(top, ".dist-info") {
		name := strings.ToLower(filepath.Base(rest))
		if strings.Contains(name, "license") || strings.Contains(name, "notice") {
			return "licenses/" + w.Project + "/" + rest, true
		}
		return "", false
	}
	if strings.Contains(member, "/include/") || strings.HasSuffix(member, ".py") || strings.HasSuffix(member, ".a") {
		return "", false
	}
	return member, true
}
