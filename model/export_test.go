// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// trainedGenerator is a generator whose values, the running statistics among
// them, differ from those that a training starts with.
func trainedGenerator(t testing.TB, c GeneratorConfig) *ml.Store {
	t.Helper()
	store := newGenerator(t, c)
	r := rand.New(rand.NewPCG(7, 7))
	for v := range store.IterVariables() {
		scale, shift := float32(0.3), float32(0)
		switch v.Name() {
		case "kernel":
			d := v.Shape().Dimensions
			scale = float32(1.5 / math.Sqrt(float64(d[0]*d[1]*d[2])))
		case "gamma", "variance":
			shift = 1
		}
		tensors.MustMutableFlatData(v.MustValue(), func(flat []float32) {
			for i := range flat {
				flat[i] = shift + scale*(2*r.Float32()-1)
			}
		})
	}
	return store
}

// writeRun writes a run folder with these weights, and with a moving average of
// which each value is half.
func writeRun(t testing.TB, c GeneratorConfig, store *ml.Store) (run string) {
	t.Helper()
	run = t.TempDir()
	list, err := StoreTensors(store)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range slices.Clip(list) {
		halved := tensors.MustCopyFlatData[float32](n.Tensor)
		for i := range halved {
			halved[i] /= 2
		}
		list = append(list, NamedTensor{EMAScope + "/" + n.Name, fromFlat(halved, n.Tensor.Shape().Dimensions)})
	}
	list = append(list, NamedTensor{"optimizer/step", tensors.FromScalar(int64(3))})
	ref := CheckpointRef{File: "step-000000012.safetensors", Step: 12, Epoch: 3}
	err = errors.Join(WriteModelConfig(run, c), os.Mkdir(filepath.Join(run, CheckpointsDir), 0o755),
		SaveSafetensors(ref.Path(run), list, nil), WriteCheckpointRef(run, CheckpointLast, ref))
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// export writes a source to a file.
func export(t testing.TB, source string, o ExportOptions) (path string, about Exported) {
	t.Helper()
	s, err := OpenSource(source)
	if err != nil {
		t.Fatal(err)
	}
	o.Output = filepath.Join(t.TempDir(), "out.safetensors")
	e, err := NewExport(s, o)
	if err != nil {
		t.Fatal(err)
	}
	if about, err = e.Write(); err != nil {
		t.Fatal(err)
	}
	return o.Output, about
}

func colored(t testing.TB, source, checkpoint string) []float32 {
	t.Helper()
	c, err := OpenColorizer(goBackend(t), source, ColorizerOptions{Batch: 2, Checkpoint: checkpoint})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rgb, err := c.Colorize(t.Context(), tensors.MustCopyFlatData[float32](random(5, 2, c.Size(), c.Size())))
	if err != nil {
		t.Fatal(err)
	}
	return rgb
}

// TestExportReadBack exports in the layout of checkpoints: the file is a model
// that colours as the run does, and can be exported again.
func TestExportReadBack(t *testing.T) {
	t.Parallel()
	c := smallGenerator(NormBatch)
	run := writeRun(t, c, trainedGenerator(t, c))
	tests := []struct {
		checkpoint, dtype string
		bound             float64
	}{{"last", "float32", 0}, {"ema", "float32", 0}, {"", "bfloat16", 0.05}, {"", "float16", 0.01}}
	for _, tt := range tests {
		path, about := export(t, run, ExportOptions{Checkpoint: tt.checkpoint, DType: tt.dtype, Layout: LayoutChromabeam, ToolVersion: "v9"})
		diff := worst(t, colored(t, path, ""), colored(t, run, tt.checkpoint))
		if diff > tt.bound || tt.bound > 0 && diff == 0 {
			t.Errorf("%s %s: the colours differ by %g, want at most %g", tt.checkpoint, tt.dtype, diff, tt.bound)
		}
		source, err := OpenSource(run)
		if err != nil {
			t.Fatal(err)
		}
		w, err := source.Find(tt.checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		want := Exported{
			Output: path, Layout: LayoutChromabeam, DType: tt.dtype, Checkpoint: w.Checkpoint, Step: 12, Hash: w.Hash,
			Generator: c, Parameters: c.ParameterCount(), Tensors: len(c.variables()), Bytes: st.Size(), SHA256: about.SHA256,
			ToolVersion: "v9",
		}
		if diff := cmp.Diff(want, about); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.checkpoint, tt.dtype, diff)
		}
		exported, err := OpenSource(path)
		if err != nil {
			t.Fatal(err)
		}
		found, err := ReadExported(exported)
		if diff := cmp.Diff(want, found); err != nil || diff != "" {
			t.Errorf("%s %s: read back %v (-want +got):\n%s", tt.checkpoint, tt.dtype, err, diff)
		}
		_, metadata, err := LoadSafetensors(path)
		if err != nil {
			t.Fatal(err)
		}
		wantMetadata := map[string]string{
			"chromabeam.model": `{"format":1,"generator":{"size":16,"in_channels":3,"out_channels":3,"num_downs":4,"filters":4,"norm":"batch"}}`, "chromabeam.layout": "chromabeam",
			"chromabeam.dtype": tt.dtype, "chromabeam.checkpoint": w.Checkpoint, "chromabeam.source_sha256": w.Hash,
			"chromabeam.step": "12", "chromabeam.tool_version": "v9",
		}
		if diff := cmp.Diff(wantMetadata, metadata); diff != "" {
			t.Errorf("%s %s: metadata (-want +got):\n%s", tt.checkpoint, tt.dtype, diff)
		}
		again, second := export(t, path, ExportOptions{DType: tt.dtype, Layout: LayoutChromabeam})
		if second.Checkpoint != w.Checkpoint || second.Step != 12 {
			t.Errorf("the second export has checkpoint %q and step %d, want %q and 12", second.Checkpoint, second.Step, w.Checkpoint)
		}
		first, _, err := LoadSafetensors(path)
		if err != nil {
			t.Fatal(err)
		}
		same, _, err := LoadSafetensors(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(described(first), described(same)); diff != "" {
			t.Errorf("%s %s: exported twice (-first +second):\n%s", tt.checkpoint, tt.dtype, diff)
		}
	}
}

// TestTorchKernel: a convolution written out gives the same with the stored kernel
// as with the exported one, whose values lie where PyTorch looks for them.
func TestTorchKernel(t *testing.T) {
	t.Parallel()
	const side, in, out = 6, 3, 2
	for _, shape := range []convShape{downConv(), upConv()} {
		stored := random(1, shape.kernelShape(in, out)...)
		exported, err := torchKernel(stored, shape.transposed)
		if err != nil {
			t.Fatal(err)
		}
		d := directFor(shape, 1, side, in, out)
		x := tensors.MustCopyFlatData[float32](random(2, 1, side, side, in))
		want := d.forward(x, tensors.MustCopyFlatData[float32](stored))
		d.kernelIndex = func(ky, kx, ci, co int) int {
			if shape.transposed {
				return ((ci*out+co)*4+ky)*4 + kx
			}
			return ((co*in+ci)*4+ky)*4 + kx
		}
		if got := d.forward(x, tensors.MustCopyFlatData[float32](exported)); worst(t, got, want) != 0 || largestOf(want) < 1 {
			t.Errorf("%+v: the results differ by %g of up to %g", shape, worst(t, got, want), largestOf(want))
		}
	}
}

// TestExportPyTorchNames pins names and shapes.
func TestExportPyTorchNames(t *testing.T) {
	t.Parallel()
	c := GeneratorConfig{Size: 8, InChannels: 1, OutChannels: 2, Downs: 3, Filters: 2, Norm: NormBatch}
	path, _ := export(t, writeRun(t, c, trainedGenerator(t, c)), ExportOptions{})
	list, metadata, err := LoadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	if metadata["format"] != "pt" || metadata["chromabeam.layout"] != "pytorch" || metadata["chromabeam.dtype"] != "float32" {
		t.Errorf("metadata %v", metadata)
	}
	got := map[string]string{}
	for _, n := range list {
		got[n.Name] = n.Tensor.Shape().String()
	}
	want := map[string]string{
		"down.0.weight": "(Float32)[2, 1, 4, 4]", "down.1.weight": "(Float32)[4, 2, 4, 4]", "down.2.weight": "(Float32)[8, 4, 4, 4]",
		"up.2.weight": "(Float32)[8, 4, 4, 4]", "up.1.weight": "(Float32)[8, 2, 4, 4]", "up.0.weight": "(Float32)[4, 2, 4, 4]", "up.0.bias": "(Float32)[2]",
	}
	for layer, channels := range map[string]int{"down.1": 4, "up.2": 4, "up.1": 2} {
		for _, part := range []string{"weight", "bias", "running_mean", "running_var"} {
			want[layer+".norm."+part] = fmt.Sprintf("(Float32)[%d]", channels)
		}
		want[layer+".norm.num_batches_tracked"] = "(Int64)"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tensors (-want +got):\n%s", diff)
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	c := smallGenerator(NormBatch)
	with := func(path string, value float32) string {
		store := trainedGenerator(t, c)
		tensors.MustMutableFlatData(store.GetVariable("/generator/"+path).MustValue(), func(flat []float32) { flat[1] = value })
		return writeRun(t, c, store)
	}
	run := with("up_0/bias", 0.5)
	foreign := filepath.Join(t.TempDir(), "foreign.safetensors")
	if err := SaveSafetensors(foreign, sampleTensors(), nil); err != nil {
		t.Fatal(err)
	}
	torch, _ := export(t, run, ExportOptions{Layout: LayoutPyTorch})
	tests := []struct {
		name, source, want string
		options            ExportOptions
	}{
		{"too large", with("down_1/norm/variance", 7e4), `exporting tensor "down.1.norm.running_var": its value 70000 is beyond the range of Float16`, ExportOptions{DType: "float16"}},
		{"no number", with("up_0/bias", float32(math.NaN())), `exporting tensor "up.0.bias": its value NaN is no number`, ExportOptions{}},
		{"dtype", run, `dtype must be float32, bfloat16 or float16, got "int8"`, ExportOptions{DType: "int8"}},
		{"layout", run, `layout must be pytorch or chromabeam, got "onnx"`, ExportOptions{Layout: "onnx"}},
		{"checkpoint", run, `checkpoint must be last, best or ema, got "first"`, ExportOptions{Checkpoint: "first"}},
		{"extension", run, `output must end in .safetensors, got "out.pt"`, ExportOptions{Output: "out.pt"}},
		{"no best", run, "best.json", ExportOptions{Checkpoint: "best"}},
		{"a foreign file", foreign, "it was not written by export", ExportOptions{}},
		{"another layout", torch, "its layout is pytorch, which is not read back", ExportOptions{}},
	}
	for _, tt := range tests {
		s, err := OpenSource(tt.source)
		if err != nil {
			t.Fatal(err)
		}
		if tt.options.Output == "" {
			tt.options.Output = "out.safetensors"
		}
		if _, err := NewExport(s, tt.options); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q in it", tt.name, err, tt.want)
		}
	}
}

// TestExportOverwrites leaves a file alone that is there, and no others behind.
func TestExportOverwrites(t *testing.T) {
	t.Parallel()
	c := smallGenerator(NormInstance)
	s, err := OpenSource(writeRun(t, c, trainedGenerator(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out.safetensors")
	writeFile(t, path, []byte("mine"))
	write := func(overwrite bool) error {
		e, err := NewExport(s, ExportOptions{Output: path, Overwrite: overwrite})
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Write()
		return err
	}
	if err := write(false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that is there: %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "mine" {
		t.Errorf("the file holds %q (%v)", data, err)
	}
	if err := write(true); err != nil {
		t.Error(err)
	}
	if _, _, err := LoadSafetensors(path); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v (%v), want the file alone", entries, err)
	}
}
