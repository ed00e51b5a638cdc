// SPDX-License-Identifier: Apache-2.0

package model

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// pythonVariable names the Python that reads exported files in tests, python3 of
// the PATH where it is not set. Where it is, what it lacks is a failure.
const pythonVariable = "CHROMABEAM_PYTHON"

// check runs testdata/export/check.py.
func check(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), cmp.Or(os.Getenv(pythonVariable), "python3"), append([]string{"check.py"}, args...)...)
	cmd.Dir = filepath.Join("testdata", "export")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		if errors.Is(err, exec.ErrNotFound) && os.Getenv(pythonVariable) == "" {
			t.Skip("no Python")
		}
		t.Fatalf("running %s: %v\n%s", cmd, err, errs.Bytes())
	}
	return out
}

// python skips the test unless Python has these libraries.
func python(t *testing.T, libraries ...string) {
	t.Helper()
	var have map[string]bool
	if err := json.Unmarshal(check(t, "have"), &have); err != nil {
		t.Fatal(err)
	}
	for _, name := range libraries {
		if have[name] {
			continue
		}
		if os.Getenv(pythonVariable) != "" {
			t.Fatalf("the Python of %s lacks %s", pythonVariable, name)
		}
		t.Skipf("Python lacks %s", name)
	}
}

// pythonTensor is a tensor as Python sees it.
type pythonTensor struct {
	DType  string  `json:"dtype"`
	Shape  []int64 `json:"shape"`
	SHA256 string  `json:"sha256"`
}

// TestPythonReads has Python's safetensors read exports of each layout and type,
// with each of its readers that is there: every tensor is equal bit for bit.
func TestPythonReads(t *testing.T) {
	t.Parallel()
	python(t, "safetensors", "numpy")
	c := smallGenerator(NormBatch)
	run := writeRun(t, c, trainedGenerator(t, c))
	args := []string{"read"}
	for _, layout := range []Layout{LayoutPyTorch, LayoutChromabeam} {
		for _, dtype := range []string{"float32", "bfloat16", "float16"} {
			path, _ := export(t, run, ExportOptions{Layout: layout, DType: dtype})
			args = append(args, path)
		}
	}
	var files map[string]struct {
		Readers  map[string]map[string]pythonTensor `json:"readers"`
		Metadata map[string]string                  `json:"metadata"`
	}
	if err := json.Unmarshal(check(t, args...), &files); err != nil {
		t.Fatal(err)
	}
	for _, path := range args[1:] {
		list, metadata, err := LoadSafetensors(path)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]pythonTensor{}
		for _, n := range list {
			want[n.Name] = seenByPython(t, n.Tensor)
		}
		seen := files[path]
		if len(seen.Readers) == 0 {
			t.Errorf("%s was not read", path)
		}
		for reader, got := range seen.Readers {
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s, by %s (-want +got):\n%s", metadata[metaLayout], metadata[metaDType], reader, diff)
			}
		}
		delete(seen.Metadata, checksumKey)
		if diff := gocmp.Diff(metadata, seen.Metadata); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
	}
}

func seenByPython(t *testing.T, tensor *tensors.Tensor) pythonTensor {
	t.Helper()
	p := pythonTensor{Shape: []int64{}}
	p.DType = map[dtypes.DType]string{dtypes.Float32: "F32", dtypes.BFloat16: "BF16", dtypes.Float16: "F16", dtypes.Int64: "I64"}[tensor.DType()]
	for _, d := range tensor.Shape().Dimensions {
		p.Shape = append(p.Shape, int64(d))
	}
	err := tensor.ConstBytes(func(data []byte) {
		sum := sha256.Sum256(data)
		p.SHA256 = hex.EncodeToString(sum[:])
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPythonColors loads exports into the PyTorch module of unet.py: its colours
// are the generator's.
func TestPythonColors(t *testing.T) {
	t.Parallel()
	python(t, "safetensors", "numpy", "torch")
	tests := []GeneratorConfig{
		{Size: 16, InChannels: 1, OutChannels: 3, Downs: 3, Filters: 4, Norm: NormBatch},
		{Size: 32, InChannels: 3, OutChannels: 3, Downs: 5, Filters: 4, Norm: NormBatch},
		{Size: 16, InChannels: 1, OutChannels: 2, Downs: 4, Filters: 4, Norm: NormBatch},
		{Size: 16, InChannels: 1, OutChannels: 3, Downs: 4, Filters: 4, Norm: NormInstance},
		{Size: 16, InChannels: 3, OutChannels: 2, Downs: 3, Filters: 4, Norm: NormInstance},
		{Size: 16, InChannels: 1, OutChannels: 3, Downs: 3, Filters: 4, Norm: NormLayer},
		{Size: 16, InChannels: 3, OutChannels: 3, Downs: 1, Filters: 4, Norm: NormNone},
	}
	args := []string{"colour"}
	want := map[string][]float32{}
	for _, c := range tests {
		store := trainedGenerator(t, c)
		path, _ := export(t, writeRun(t, c, store), ExportOptions{})
		dir := filepath.Dir(path)
		if err := os.Rename(path, filepath.Join(dir, "net.safetensors")); err != nil {
			t.Fatal(err)
		}
		gray := random(3, 2, c.Size, c.Size, 1)
		writeFile(t, filepath.Join(dir, "gray"), littleEndian(t, tensors.MustCopyFlatData[float32](gray)))
		want[dir] = evalStore(t, goBackend(t), store, func(scope *ml.Scope, in []*Node) []*Node {
			return []*Node{Generator(scope.In(GeneratorScope), c, in[0], Infer)}
		}, gray)[0]
		args = append(args, dir)
	}
	check(t, args...) // at once: PyTorch takes seconds to start
	for i, dir := range args[1:] {
		data, err := os.ReadFile(filepath.Join(dir, "rgb"))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(data)/4)
		if _, err := binary.Decode(data, binary.LittleEndian, got); err != nil {
			t.Fatal(err)
		}
		if largestOf(want[dir]) < 0.1 {
			t.Errorf("%+v: the colours are at most %g, too flat to compare", tests[i], largestOf(want[dir]))
		}
		if diff := worst(t, got, want[dir]); diff > 1e-5 {
			t.Errorf("%+v: the colours differ by %g", tests[i], diff)
		}
	}
}

func littleEndian(t *testing.T, values []float32) []byte {
	t.Helper()
	data, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestExportDocument: the page for users shows the module that is tested here.
func TestExportDocument(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile(filepath.Join("testdata", "export", "unet.py"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "docs", "export.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, append([]byte("```python\n"), append(module, "```\n"...)...)) {
		t.Error("docs/export.md does not show testdata/export/unet.py as it is")
	}
}
