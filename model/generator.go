// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	ml "github.com/gomlx/gomlx/ml/model"
)

// Node is a value of a computation graph.
type Node = graph.Node

// Mode tells what a network is built for.
type Mode int

const (
	// Train takes batch norm's statistics from the batch.
	Train Mode = iota
	// Infer takes them from the running averages, so that a picture's result
	// does not depend on its neighbours.
	Infer
)

// Generator builds the U-Net on gray, [batch, size, size, 1 or InChannels] in
// [-1, 1] (one channel is copied where the network wants three), and returns
// the colours, [batch, size, size, 3], in [-1, 1]. Those of a network that gives
// chroma alone may lie outside by as much as its chroma does not go with the
// luma: see joinChroma. The variables lie
// under scope and must exist: see [InitGenerator]. Its graph can be
// differentiated with [graph.Gradient] any number of times.
//
// In Train mode the running statistics are left alone; [TrainGenerator] is the
// form for the generator's own training step.
func Generator(scope *ml.Scope, c GeneratorConfig, gray *Node, mode Mode) *Node {
	return newNetwork(scope, gray.Graph(), mode, nil).generator(c, gray)
}

// TrainGenerator builds the U-Net in Train mode for the generator's own
// training step: the returned Tape gives the gradients of the weights and
// updates the running statistics.
func TrainGenerator(scope *ml.Scope, c GeneratorConfig, gray *Node) (color *Node, tape *Tape) {
	tape = &Tape{scope: scope}
	return newNetwork(scope, gray.Graph(), Train, tape).generator(c, gray), tape
}

func (n *network) generator(c GeneratorConfig, gray *Node) *Node {
	x := copyChannels(gray, c.InChannels)
	if d := x.Shape().Dimensions; x.Rank() != 4 || d[1] != c.Size || d[2] != c.Size {
		panic(fmt.Errorf("building the generator: input must be [batch, %d, %d, %d], got %s",
			c.Size, c.Size, c.InChannels, gray.Shape()))
	}
	skips := make([]*Node, c.Downs)
	for i, width := range c.widths() {
		if i > 0 {
			x = n.leaky(x)
		}
		x = n.conv(downName(i), downConv(), x, width)
		if c.Norm.convBias() {
			x = n.bias(downName(i), x)
		}
		if c.downHasNorm(i) {
			x = n.norm(downName(i), c.Norm, x, true)
		}
		x = n.kept(x)
		skips[i] = x
	}
	for i := c.Downs - 1; i >= 0; i-- {
		if i < c.Downs-1 {
			x = graph.Concatenate([]*Node{skips[i], x}, 3)
		}
		_, out := c.upChannels(i)
		x = n.conv(upName(i), upConv(), relu(x), out)
		if i == 0 || c.Norm.convBias() {
			x = n.bias(upName(i), x)
		}
		if i > 0 {
			x = n.kept(n.norm(upName(i), c.Norm, x, true))
		}
	}
	x = graph.Tanh(x) // of float32, as the last layer's bias leaves it
	if c.OutChannels == 2 {
		return joinChroma(gray, x)
	}
	return x
}

// joinChroma returns red, green and blue, [batch, h, w, 3], of luma, the first
// channel of gray, and chroma, Cb and Cr [batch, h, w, 2], all on the scale
// [-1, 1] (ITU-R BT.601 at full range). Colours outside the gamut stay outside:
// clipping would stop their gradient and change their luma.
func joinChroma(gray, chroma *Node) *Node {
	channel := func(x *Node, i int) *Node {
		return graph.Slice(x, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(), graph.AxisElem(i))
	}
	y, cb, cr := channel(gray, 0), channel(chroma, 0), channel(chroma, 1)
	return graph.Concatenate([]*Node{
		graph.Add(y, graph.MulScalar(cr, 1.402)),
		graph.Sub(y, graph.Add(graph.MulScalar(cb, 0.344136), graph.MulScalar(cr, 0.714136))),
		graph.Add(y, graph.MulScalar(cb, 1.772)),
	}, 3)
}

// copyChannels copies a single channel to as many as are wanted.
func copyChannels(gray *Node, channels int) *Node {
	if gray.Rank() != 4 {
		panic(fmt.Errorf("building a network: pictures must be [batch, height, width, channels], got %s", gray.Shape()))
	}
	d := gray.Shape().Dimensions
	switch d[3] {
	case channels:
		return gray
	case 1:
		return graph.BroadcastToDims(gray, d[0], d[1], d[2], channels)
	}
	panic(fmt.Errorf("building a network: pictures must have 1 or %d channels, got %d", channels, d[3]))
}
