// SPDX-License-Identifier: Apache-2.0

package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gomlx/compute/dtypes"
)

// Layout says under which names and in which shapes an exported file holds the
// weights.
type Layout string

// The layouts.
const (
	// LayoutPyTorch is that of PyTorch's layers: see [Export].
	LayoutPyTorch Layout = "pytorch"
	// LayoutChromabeam is that of our checkpoints, which [OpenSource] reads.
	LayoutChromabeam Layout = "chromabeam"
)

// ExportOptions says what is exported and how.
type ExportOptions struct {
	// Checkpoint is one of a run folder, as [Source.Find] takes it.
	Checkpoint string
	// DType is "float32", "bfloat16" or "float16", Layout one of the two; empty
	// means float32 and [LayoutPyTorch].
	DType  string
	Layout Layout
	// Output is the file to write, whose name ends in .safetensors. One that is
	// there is replaced with Overwrite alone.
	Output    string
	Overwrite bool
	// ToolVersion is recorded in the file.
	ToolVersion string
}

// exportTypes are the types that weights can be exported in.
func exportTypes() map[string]dtypes.DType {
	return map[string]dtypes.DType{"float32": dtypes.Float32, "bfloat16": dtypes.BFloat16, "float16": dtypes.Float16}
}

// Validate returns every problem of the options, joined.
func (o ExportOptions) Validate() error {
	problems := []error{ValidateCheckpoint(o.Checkpoint)}
	if filepath.Ext(o.Output) != weightExtension {
		problems = append(problems, fmt.Errorf("output must end in %s, got %q", weightExtension, o.Output))
	}
	if _, ok := exportTypes()[o.DType]; !ok && o.DType != "" {
		problems = append(problems, fmt.Errorf("dtype must be float32, bfloat16 or float16, got %q", o.DType))
	}
	if o.Layout != "" && o.Layout != LayoutPyTorch && o.Layout != LayoutChromabeam {
		problems = append(problems, fmt.Errorf("layout must be %s or %s, got %q", LayoutPyTorch, LayoutChromabeam, string(o.Layout)))
	}
	return errors.Join(problems...)
}

// Exported describes an exported file.
type Exported struct {
	Output string `json:"output"`
	Layout Layout `json:"layout"`
	DType  string `json:"dtype"`
	// Checkpoint is which of the run's weights they are, Step how many steps of all
	// stages were behind them, Hash the network's [Weights.Hash].
	Checkpoint string `json:"checkpoint"`
	Step       int64  `json:"step"`
	Hash       string `json:"source_sha256"`
	// Generator is the network, Parameters counts its trainable values.
	Generator  GeneratorConfig `json:"generator"`
	Parameters int64           `json:"parameters"`
	Tensors    int             `json:"tensors"`
	// Bytes is the file's size, SHA256 that of all of it.
	Bytes       int64  `json:"bytes"`
	SHA256      string `json:"sha256"`
	ToolVersion string `json:"tool_version,omitempty"`
}

// Export is a generator that is ready to be written as a safetensors file, which
// other programs read. No backend takes part.
//
// Each number becomes the nearest one of the wanted type. In the layout of
// checkpoints a tensor is called generator/LAYER/PART, and the metadata's
// "chromabeam.model" is the run's model.json: such a file is itself a model that
// colorize, bulk and evaluate take. In PyTorch's layout they are called as in
//
//	self.down = nn.ModuleList(nn.Conv2d(in, out, 4, 2, 1), …)          # numbered
//	self.up = nn.ModuleList(nn.ConvTranspose2d(in, out, 4, 2, 1), …)   # from outside
//
// where a layer has its norm as its child "norm":
//
//	down.0.weight                      [out, in, 4, 4], of a Conv2d
//	up.3.weight                        [in, out, 4, 4], of a ConvTranspose2d
//	up.0.bias                          [out], where the layer has a bias
//	down.1.norm.weight, .bias          [out], gains and shifts
//	down.1.norm.running_mean, .running_var, .num_batches_tracked
//	                                   [out], [out], one int64; of batch norm alone
//
// The module in docs/export.md loads that with load_state_dict(strict=True) and
// computes what [Generator] does.
type Export struct {
	list     []NamedTensor
	metadata map[string]string
	about    Exported

	overwrite bool
}

// NewExport reads a source's weights and converts them. It is an error where a
// value is no number or too large for the type; the error names the tensor.
func NewExport(s Source, o ExportOptions) (*Export, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.DType == "" {
		o.DType = "float32"
	}
	if o.Layout == "" {
		o.Layout = LayoutPyTorch
	}
	n, err := s.Load(o.Checkpoint)
	if err != nil {
		return nil, fmt.Errorf("opening model %q: %w", s.Name(), err)
	}
	given, err := n.exact()
	if err != nil {
		return nil, fmt.Errorf("opening model %q: %w", s.Name(), err)
	}
	c, w := n.Config, n.Weights
	if from, err := describe(n.Metadata); err == nil && w.Checkpoint == "" { // of a run that is not there any more
		w.Checkpoint, w.Step = from.Checkpoint, from.Step
	}
	list, err := layOut(given, c, o.Layout, w.Step)
	if err != nil {
		return nil, err
	}
	for i, t := range list {
		if t.Tensor.DType() != dtypes.Float32 {
			continue
		}
		if list[i].Tensor, err = Narrow(t.Tensor, exportTypes()[o.DType]); err != nil {
			return nil, fmt.Errorf("exporting tensor %q: %w", t.Name, err)
		}
	}
	e := &Export{list: list, overwrite: o.Overwrite, about: Exported{
		Output: o.Output, Layout: o.Layout, DType: o.DType, Checkpoint: w.Checkpoint, Step: w.Step, Hash: w.Hash,
		Generator: c, Parameters: c.ParameterCount(), Tensors: len(list), ToolVersion: o.ToolVersion,
	}}
	if e.metadata, err = e.about.metadata(); err != nil {
		return nil, fmt.Errorf("exporting model %q: %w", s.Name(), err)
	}
	return e, nil
}

// Write writes the file, which appears whole or not at all. The error of one that
// is there and must not be replaced wraps [fs.ErrExist].
func (e *Export) Write() (Exported, error) {
	about, path := e.about, e.about.Output
	write, err := encodeSafetensors(e.list, e.metadata)
	if err != nil {
		return about, fmt.Errorf("writing %q: %w", path, err)
	}
	if err := mayWrite(path, e.overwrite); err != nil {
		return about, err
	}
	sum := sha256.New()
	err = writeAtomically(path, func(w io.Writer) error {
		count := &counter{w: io.MultiWriter(w, sum)}
		if err := write(count); err != nil {
			return err
		}
		about.Bytes = count.n
		return mayWrite(path, e.overwrite) // it may have come meanwhile
	})
	about.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return about, err
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// mayWrite refuses a path that exists, unless it may be overwritten.
func mayWrite(path string, overwrite bool) error {
	_, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !overwrite:
		return fmt.Errorf("output %q exists: name another one, or allow it to be overwritten: %w", path, fs.ErrExist)
	}
	return err
}
