// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	ml "github.com/gomlx/gomlx/ml/model"
)

// variableKind says how a variable starts and whether it is trained.
type variableKind int

const (
	kindKernel   variableKind = iota // N(0, 0.02)
	kindZero                         // biases and shifts
	kindGain                         // N(1, 0.02), as pix2pix
	kindOne                          // gains of instance and layer norm
	kindMean                         // running mean: 0, not trained
	kindVariance                     // running variance: 1, not trained
)

func (k variableKind) trainable() bool { return k < kindMean }

// variableSpec is one variable of a network. The path is relative to the
// network's scope.
type variableSpec struct {
	path  string
	shape []int
	kind  variableKind
}

func (v variableSpec) size() int64 {
	n := int64(1)
	for _, d := range v.shape {
		n *= int64(d)
	}
	return n
}

func (v variableSpec) tensorShape() shapes.Shape { return shapes.Make(dtypes.Float32, v.shape...) }

func parameterCount(specs []variableSpec) int64 {
	var n int64
	for _, v := range specs {
		if v.kind.trainable() {
			n += v.size()
		}
	}
	return n
}

// normSpecs returns the variables of one norm layer over the given channels.
// Only batch norm has running statistics.
func normSpecs(layer string, norm Norm, channels int) []variableSpec {
	at := func(name string) string { return layer + "/norm/" + name }
	shape := []int{channels}
	switch norm {
	case NormBatch:
		return []variableSpec{
			{at("gamma"), shape, kindGain}, {at("beta"), shape, kindZero},
			{at("mean"), shape, kindMean}, {at("variance"), shape, kindVariance},
		}
	case NormInstance, NormLayer:
		return []variableSpec{{at("gamma"), shape, kindOne}, {at("beta"), shape, kindZero}}
	case NormNone:
	}
	return nil
}

// downConv and upConv are the U-Net's convolutions.
func downConv() convShape { return convShape{stride: 2, pad: 1} }
func upConv() convShape   { return convShape{stride: 2, pad: 1, transposed: true} }

// downName and upName name the U-Net's layers, numbered from the outside in.
func downName(i int) string { return fmt.Sprintf("down_%d", i) }
func upName(i int) string   { return fmt.Sprintf("up_%d", i) }

// variables returns the generator's variables in the order in which they are
// made, which is the order of gradients too.
func (c GeneratorConfig) variables() []variableSpec {
	var specs []variableSpec
	in := c.InChannels
	for i, out := range c.widths() {
		specs = append(specs, variableSpec{downName(i) + "/kernel", downConv().kernelShape(in, out), kindKernel})
		if c.Norm.convBias() {
			specs = append(specs, variableSpec{downName(i) + "/bias", []int{out}, kindZero})
		}
		if c.downHasNorm(i) {
			specs = append(specs, normSpecs(downName(i), c.Norm, out)...)
		}
		in = out
	}
	for i := c.Downs - 1; i >= 0; i-- {
		in, out := c.upChannels(i)
		specs = append(specs, variableSpec{upName(i) + "/kernel", upConv().kernelShape(in, out), kindKernel})
		if i == 0 || c.Norm.convBias() {
			specs = append(specs, variableSpec{upName(i) + "/bias", []int{out}, kindZero})
		}
		if i > 0 {
			specs = append(specs, normSpecs(upName(i), c.Norm, out)...)
		}
	}
	return specs
}

// downHasNorm tells whether down layer i is normalized: neither the first nor
// the innermost is, as in pix2pix.
func (c GeneratorConfig) downHasNorm(i int) bool { return i > 0 && i < c.Downs-1 }

// criticLayer is one convolution of a critic.
type criticLayer struct {
	name    string
	in, out int
	conv    convShape
	norm    Norm
	bias    bool
}

// layers returns the critic's convolutions.
func (c CriticConfig) layers() []criticLayer {
	var out []criticLayer
	in := c.inChannels()
	switch c.Kind {
	case CriticConv:
		for i := range 4 {
			l := criticLayer{name: fmt.Sprintf("conv_%d", i), in: in, out: c.Filters << i, norm: NormNone, bias: true}
			l.conv.stride = c.convStride()
			out, in = append(out, l), l.out
		}
	case CriticPatchGAN:
		for i := range 5 {
			l := criticLayer{name: fmt.Sprintf("conv_%d", i), in: in, out: c.Filters << i, norm: c.Norm, bias: c.Norm.convBias()}
			l.conv = convShape{stride: 2, pad: 1}
			if i >= 3 {
				l.conv.stride = 1
			}
			if i == 4 {
				l.out = 1
			}
			if i == 0 || i == 4 {
				l.norm, l.bias = NormNone, true
			}
			out, in = append(out, l), l.out
		}
	case CriticNone:
	}
	return out
}

// variables returns the critic's variables in the order in which they are made.
func (c CriticConfig) variables() []variableSpec {
	var specs []variableSpec
	for _, l := range c.layers() {
		specs = append(specs, variableSpec{l.name + "/kernel", l.conv.kernelShape(l.in, l.out), kindKernel})
		if l.bias {
			specs = append(specs, variableSpec{l.name + "/bias", []int{l.out}, kindZero})
		}
		if l.norm == NormBatch {
			// A critic never runs in Infer mode: it has no running statistics.
			for _, s := range normSpecs(l.name, NormBatch, l.out) {
				if s.kind.trainable() {
					specs = append(specs, s)
				}
			}
		}
	}
	if c.Kind == CriticConv {
		features := 4 * c.Filters << 3
		specs = append(specs,
			variableSpec{"linear/kernel", []int{features, 1}, kindKernel},
			variableSpec{"linear/bias", []int{1}, kindZero})
	}
	return specs
}

// variable returns an existing variable of a network as a node of the graph,
// and panics where it is missing or of another shape: networks are made by
// [InitGenerator], [InitCritic] or from a checkpoint, never while a graph is
// built.
func variable(scope *ml.Scope, path string, shape []int) *ml.Variable {
	full := ml.JoinPath(scope.Scope(), path)
	v := scope.Store().GetVariable(full)
	if v == nil {
		panic(fmt.Errorf("building a network: variable %q does not exist", full))
	}
	if want := shapes.Make(dtypes.Float32, shape...); !v.Shape().Equal(want) {
		panic(fmt.Errorf("building a network: variable %q has shape %s, want %s", full, v.Shape(), want))
	}
	return v
}
