// SPDX-License-Identifier: Apache-2.0

package train

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// unit scales 8-bit levels to [-1, 1].
func unit(levels *graph.Node) *graph.Node {
	x := graph.ConvertDType(levels, dtypes.Float32)
	return graph.AddScalar(graph.MulScalar(x, 1/127.5), -1)
}

// levels scales [-1, 1] to 8-bit levels.
func levels(x *graph.Node) *graph.Node {
	x = graph.Round(graph.MulScalar(graph.AddScalar(x, 1), 127.5))
	return graph.ConvertDType(graph.ClipScalar(x, 0, 255), dtypes.Uint8)
}

// stepInputs are the inputs of an executable of one or more parts, in the order
// of its arguments.
//
//	resident:  gray [n, s, s, 1], color [n, s, s, 3] uint8, index [parts, batch] int32
//	streamed:  gray [parts*batch, s, s, 1], color [parts*batch, s, s, 3] uint8
//	both then: draws [parts, 2, batch] float32 (mirror or not, alpha), knobs [...] float32
type stepInputs struct {
	gray, color, index, draws, knobs *graph.Node
	flip                             bool
}

// newStepInputs sorts an executable's arguments.
func newStepInputs(in []*graph.Node, flip bool) stepInputs {
	s := stepInputs{gray: in[0], color: in[1], draws: in[len(in)-2], knobs: in[len(in)-1], flip: flip}
	if len(in) == residentArguments {
		s.index = in[2]
	}
	return s
}

const residentArguments = 5

// part is what one part of an executable reads: gray [batch, s, s, 1] and color
// [batch, s, s, 3] in [-1, 1], alpha [batch, 1, 1, 1] in [0, 1).
type part struct{ gray, color, alpha *graph.Node }

// parts returns the first n parts.
func (s stepInputs) parts(n int) []part {
	list := make([]part, n)
	for i := range list {
		list[i] = s.part(i)
	}
	return list
}

// part returns the pictures and the draws of part i.
func (s stepInputs) part(i int) part {
	d := s.draws.Shape().Dimensions
	batch := d[2]
	row := func(kind int) *graph.Node {
		return graph.Reshape(graph.Slice(s.draws, graph.AxisElem(i), graph.AxisElem(kind)), batch, 1, 1, 1)
	}
	mirror := row(0)
	pictures := func(all *graph.Node) *graph.Node {
		var x *graph.Node
		if s.index != nil {
			x = graph.Gather(all, graph.Reshape(graph.Slice(s.index, graph.AxisElem(i)), batch, 1))
		} else {
			x = graph.Slice(all, graph.AxisRange(i*batch, (i+1)*batch))
		}
		x = unit(x)
		if !s.flip {
			return x
		}
		// Both are numbers, so this picks one of them exactly.
		return graph.Add(graph.Mul(mirror, graph.Reverse(x, 2)), graph.Mul(graph.OneMinus(mirror), x))
	}
	return part{gray: pictures(s.gray), color: pictures(s.color), alpha: row(1)}
}

// The knobs: what changes from step to step or from run to run crosses to the
// device in one piece. Behind the common ones each update has its two of Adam.
const (
	knobL1      = iota // weight of L1
	knobPenalty        // weight of the gradient penalty
	knobShare          // of a critic step in the means of the step it belongs to
	knobUpdates
)

// knob takes one scalar out of a vector.
func knob(knobs *graph.Node, i int) *graph.Node {
	return graph.Reshape(graph.Slice(knobs, graph.AxisElem(i)))
}

// adam returns the step size and the epsilon of an update.
func (s stepInputs) adam(update int) (stepSize, epsilon *graph.Node) {
	return knob(s.knobs, knobUpdates+2*update), knob(s.knobs, knobUpdates+2*update+1)
}
