// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// exact returns the generator's weights as float32, in the order of its variables,
// and nothing but these.
func (n Network) exact() ([]NamedTensor, error) {
	store := ml.NewStore() // which checks names and shapes
	if err := LoadGenerator(store, n.Config, GeneratorScope, n.Tensors); err != nil {
		return nil, fmt.Errorf("checkpoint %q: %w", n.Weights.Path(), err)
	}
	return StoreTensors(store)
}

// layOut returns the tensors, all of them float32 and named as variables, in a
// layout.
func layOut(list []NamedTensor, c GeneratorConfig, l Layout, step int64) ([]NamedTensor, error) {
	if l == LayoutChromabeam {
		return list, nil
	}
	var out []NamedTensor
	for _, t := range list {
		layer, part, _ := strings.Cut(strings.TrimPrefix(t.Name, GeneratorScope+"/"), "/")
		name := strings.Replace(layer, "_", ".", 1) + "." // down_1 to down.1.
		if part == "kernel" {
			kernel, err := torchKernel(t.Tensor, strings.HasPrefix(layer, "up_"))
			if err != nil {
				return nil, fmt.Errorf("exporting tensor %q: %w", t.Name, err)
			}
			out = append(out, NamedTensor{name + "weight", kernel})
			continue
		}
		out = append(out, NamedTensor{name + torchPart(part), t.Tensor})
		if c.Norm == NormBatch && part == "norm/mean" {
			out = append(out, NamedTensor{name + "norm.num_batches_tracked", tensors.FromScalar(step)})
		}
	}
	return out, nil
}

// torchPart is PyTorch's name for what is no kernel.
func torchPart(part string) string {
	switch part {
	case "norm/gamma":
		return "norm.weight"
	case "norm/beta":
		return "norm.bias"
	case "norm/mean":
		return "norm.running_mean"
	case "norm/variance":
		return "norm.running_var"
	}
	return part // bias
}

// torchKernel turns a kernel from its form in blocks (see convShape.kernelShape)
// into [out, in, 4, 4] of a Conv2d, or [in, out, 4, 4] of a ConvTranspose2d.
func torchKernel(t *tensors.Tensor, transposed bool) (*tensors.Tensor, error) {
	d := t.Shape().Dimensions
	in, out := d[2]/4, d[3]
	if transposed {
		in, out = d[2], d[3]/4
	}
	kernel := make([]float32, 16*in*out)
	err := tensors.ConstFlatData(t, func(flat []float32) {
		for i := range in {
			for o := range out {
				for row := range 4 {
					for col := range 4 {
						ty, py, tx, px := row/2, row%2, col/2, col%2
						if transposed {
							from := (((1-ty)*2+1-tx)*in+i)*4*out + (py*2+px)*out + o
							kernel[((i*out+o)*4+row)*4+col] = flat[from]
						} else {
							from := (((ty*2+tx)*4+py*2+px)*in+i)*out + o
							kernel[((o*in+i)*4+row)*4+col] = flat[from]
						}
					}
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if transposed {
		return fromFlat(kernel, []int{in, out, 4, 4}), nil
	}
	return fromFlat(kernel, []int{out, in, 4, 4}), nil
}
