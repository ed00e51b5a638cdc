// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	ml "github.com/gomlx/gomlx/ml/model"
)

// Critic builds the critic on a colour picture, [batch, size, size, 3], and,
// where it is conditional, the gray one beside it (nil otherwise). It returns
// scores, float32: [batch, 1] of a conv critic, [batch, p, p, 1] of a PatchGAN.
// Its graph can be differentiated twice, as a gradient penalty needs. Batch norm
// takes the batch's statistics; a critic has no running ones.
func Critic(scope *ml.Scope, c CriticConfig, gray, color *Node) *Node {
	return newNetwork(scope, color.Graph(), Train, nil).critic(c, gray, color)
}

// ScoreOf returns the critic of a scope for [CriticObjective.Loss]: what [Critic]
// builds, in the precision that is asked for.
func ScoreOf(scope *ml.Scope, c CriticConfig) Score {
	return func(p Precision, gray, color *Node) *Node {
		n := newNetwork(scope, color.Graph(), Train, nil)
		if p != PrecisionAuto {
			n.dtype = p.dtype()
		}
		return n.critic(c, gray, color)
	}
}

// TrainCritic builds the critic for a training step of its own, whose gradients
// the tape gives. There are no running statistics to update.
func TrainCritic(scope *ml.Scope, c CriticConfig, gray, color *Node) (scores *Node, tape *Tape) {
	return Critic(scope, c, gray, color), NewTape(scope)
}

func (n *network) critic(c CriticConfig, gray, color *Node) *Node {
	x := color
	if c.Conditional {
		x = graph.Concatenate([]*Node{copyChannels(gray, c.GrayChannels), color}, 3)
	}
	layers := c.layers()
	if len(layers) == 0 {
		panic(fmt.Errorf("building a critic: there is none of kind %q", string(c.Kind)))
	}
	for i, l := range layers {
		x = n.conv(l.name, l.conv, x, l.out)
		if l.bias {
			x = n.bias(l.name, x)
		}
		x = n.norm(l.name, l.norm, x, false)
		if i < len(layers)-1 || c.Kind == CriticConv {
			x = n.leaky(n.kept(x))
		}
	}
	x = float32Of(x)
	if c.Kind == CriticConv {
		d := x.Shape().Dimensions
		features := d[1] * d[2] * d[3]
		kernel, bias := n.param("linear/kernel", features, 1), n.param("linear/bias", 1)
		x = graph.Add(matMul(graph.Reshape(x, d[0], features), 1, kernel, 0), graph.Reshape(bias, 1, 1))
	}
	return x
}
