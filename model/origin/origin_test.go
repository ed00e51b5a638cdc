// SPDX-License-Identifier: Apache-2.0

package origin

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/builtin"
	"github.com/chromabeam/chromabeam/model/modeltest"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

const (
	bucket  = "models"
	weights = "checkpoints/step-00000001.safetensors"
)

// upload puts a folder into the bucket below a prefix.
func upload(t *testing.T, s *gcstest.Server, dir, prefix string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		s.Put(bucket, path.Join(prefix, name), data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// export writes a run's generator as one file.
func export(t *testing.T, run string) string {
	t.Helper()
	source, err := model.OpenSource(run)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "w.safetensors")
	e, err := model.NewExport(source, model.ExportOptions{Layout: model.LayoutChromabeam, Output: file})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Write(); err != nil {
		t.Fatal(err)
	}
	return file
}

// load opens a model and reads it, with its tensors as numbers.
func load(ctx context.Context, name string) (n model.Network, values map[string]any, err error) {
	s, err := Open(ctx, name)
	if err != nil {
		return n, nil, err
	}
	if n, err = s.Load(""); err != nil {
		return n, nil, err
	}
	values = map[string]any{}
	for _, tensor := range n.Tensors {
		values[tensor.Name] = tensor.Tensor.Value()
	}
	n.Tensors = nil
	return n, values, nil
}

func mustLoad(t *testing.T, name string) (model.Network, map[string]any) {
	t.Helper()
	n, values, err := load(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return n, values
}

// TestBucket reads the same network from a folder, from a bucket, from a bucket
// without a folder and, as a file, from both; each weight file once.
func TestBucket(t *testing.T) {
	s := gcstest.Start(t)
	run := modeltest.Tiny(t)
	file := export(t, run)
	upload(t, s, run, "runs/7")
	upload(t, s, run, "")
	upload(t, s, filepath.Dir(file), "exported")
	size := func(path string) int64 {
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return st.Size()
	}
	folder := size(filepath.Join(run, model.ModelFile)) + size(filepath.Join(run, weights)) +
		size(filepath.Join(run, "checkpoints", "best.json"))
	tests := []struct {
		name, local, path string
		bytes             int64
	}{
		{"gs://models/runs/7", run, "gs://models/runs/7/" + weights, folder},
		{"gs://models/runs/7/", run, "gs://models/runs/7/" + weights, folder},
		{"gs://models", run, "gs://models/" + weights, folder},
		{"gs://models/exported/w.safetensors", file, "gs://models/exported/w.safetensors", size(file)},
	}
	for _, tt := range tests {
		want, wantValues := mustLoad(t, tt.local)
		before := s.BytesRead()
		got, values := mustLoad(t, tt.name)
		if read := s.BytesRead() - before; read != tt.bytes {
			t.Errorf("%s: %d bytes were read, want %d", tt.name, read, tt.bytes)
		}
		if got.Weights.Path() != tt.path {
			t.Errorf("%s: the weights lie in %q, want %q", tt.name, got.Weights.Path(), tt.path)
		}
		diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(model.Weights{}))
		if diff != "" || !cmp.Equal(wantValues, values) {
			t.Errorf("%s: the network differs from that of %s (-local +bucket):\n%s", tt.name, tt.local, diff)
		}
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	run := modeltest.Tiny(t)
	for _, name := range []string{builtin.Name, run} {
		if s, err := Open(t.Context(), name); err != nil || s.Name() != name {
			t.Errorf("opened %q as %q, %v", name, s.Name(), err)
		}
	}
	if _, err := Open(t.Context(), "./"+builtin.Name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// TestFaults lets half of all requests go wrong, and reads the same network.
func TestFaults(t *testing.T) {
	s := gcstest.Start(t)
	run := modeltest.Tiny(t)
	upload(t, s, run, "run")
	want, wantValues := mustLoad(t, run)
	for seed := range uint64(5) {
		s.SetFaults(seed, 0.5)
		got, values := mustLoad(t, "gs://models/run")
		if got.Weights.Hash != want.Weights.Hash || !cmp.Equal(wantValues, values) {
			t.Errorf("seed %d: another network was read", seed)
		}
	}
	if requests := s.Requests(); requests["read/503"] == 0 || requests["read/truncated"] == 0 || requests["stat/reset"] == 0 {
		t.Errorf("the faults were %v", requests)
	}
}

// TestTrainedOn: a run that goes on replaces its checkpoint when its name has just
// been read, and once more while the file is read.
func TestTrainedOn(t *testing.T) {
	run := modeltest.Tiny(t)
	next := modeltest.Write(t, modeltest.TinyConfig(), 2)
	file := func(dir, name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for name, op := range map[string]gcstest.Op{"before it is found": gcstest.OpStat, "before it is read": gcstest.OpRead} {
		t.Run(name, func(t *testing.T) {
			s := gcstest.Start(t)
			upload(t, s, run, "run")
			s.Inject(gcstest.Fault{Op: op, Object: "run/" + weights, Kind: gcstest.Reset, Then: func() {
				s.Put(bucket, "run/checkpoints/step-2.safetensors", file(next, weights))
				s.Put(bucket, "run/checkpoints/best.json", []byte(`{"file":"step-2.safetensors","step":2}`))
				s.Delete(bucket, "run/"+weights)
			}})
			n, values := mustLoad(t, "gs://models/run")
			_, want := mustLoad(t, next)
			if n.Weights.Step != 2 || !cmp.Equal(want, values) {
				t.Errorf("step %d was read", n.Weights.Step)
			}
		})
	}
	t.Run("other bytes of that name", func(t *testing.T) {
		s := gcstest.Start(t)
		upload(t, s, run, "run")
		s.Inject(gcstest.Fault{Op: gcstest.OpRead, Object: "run/" + weights, Kind: gcstest.Reset, Then: func() {
			s.Put(bucket, "run/"+weights, file(next, weights))
		}})
		if _, _, err := load(t.Context(), "gs://models/run"); !errors.Is(err, gcs.ErrChanged) || errors.Is(err, model.ErrDamaged) {
			t.Errorf("a file that changed while it was read: %v", err)
		}
	})
}

func TestErrors(t *testing.T) {
	t.Setenv("CHROMABEAM_GCS_RETRY_MAX", "3")
	run := modeltest.Tiny(t)
	config, err := os.ReadFile(filepath.Join(run, model.ModelFile))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		fault gcstest.Fault
		is    error
		want  string
	}{
		{name: "gs://models/none", is: fs.ErrNotExist, want: `finding the model: reading the attributes of "gs://models/none/model.json"`},
		{name: "gs://models/none.safetensors", is: fs.ErrNotExist, want: `"gs://models/none.safetensors"`},
		{name: "gs://other/run", is: fs.ErrNotExist, want: `"gs://other/run/model.json"`},
		{name: "gs://models/damaged.safetensors", is: model.ErrDamaged, want: `"gs://models/damaged.safetensors"`},
		{name: "gs://models/empty", want: `reading "gs://models/empty/model.json": format must be 1`},
		{name: "gs://models/half", is: fs.ErrNotExist, want: `"gs://models/half/checkpoints/last.json"`},
		{
			name: "gs://models/run", fault: gcstest.Fault{Op: gcstest.OpStat, Kind: gcstest.Denied, Times: 9},
			is: gcs.ErrDenied, want: `"gs://models/run/model.json": access denied`,
		},
		{
			name: "gs://models/run", fault: gcstest.Fault{Op: gcstest.OpRead, Object: "run/" + weights, Kind: gcstest.Denied, Times: 9},
			is: gcs.ErrDenied, want: `"gs://models/run/` + weights + `": access denied`,
		},
		{
			name: "gs://models/run", fault: gcstest.Fault{Op: gcstest.OpRead, Object: "run/" + weights, Kind: gcstest.Unavailable, Times: 3},
			want: `reading "gs://models/run/` + weights + `"`,
		},
	}
	for _, tt := range tests {
		s := gcstest.Start(t)
		upload(t, s, run, "run")
		s.Put(bucket, "damaged.safetensors", []byte("damaged"))
		s.Put(bucket, "empty/model.json", []byte("{}"))
		s.Put(bucket, "half/model.json", config)
		if tt.fault.Kind != "" {
			s.Inject(tt.fault)
		}
		_, _, err := load(t.Context(), tt.name)
		if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s with %q: %v, want %q", tt.name, tt.fault.Kind, err, tt.want)
		}
		if tt.fault.Kind == gcstest.Unavailable && (errors.Is(err, model.ErrDamaged) || !gcs.Transient(err)) {
			t.Errorf("a service that is down is taken for %v", err)
		}
	}
	if _, err := Open(t.Context(), "gs://UPPER/run"); !fault.IsRequest(err) {
		t.Errorf("a bucket that cannot be: %v", err)
	}
}

// TestCancelled: a download ends with its context.
func TestCancelled(t *testing.T) {
	s := gcstest.Start(t)
	upload(t, s, modeltest.Tiny(t), "run")
	ctx, cancel := context.WithCancel(t.Context())
	s.Inject(gcstest.Fault{Op: gcstest.OpRead, Object: "run/" + weights, Kind: gcstest.Stalled, Then: cancel})
	if _, _, err := load(ctx, "gs://models/run"); !errors.Is(err, context.Canceled) {
		t.Errorf("a download that was cancelled: %v", err)
	}
}
