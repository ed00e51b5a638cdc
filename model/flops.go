// SPDX-License-Identifier: Apache-2.0

package model

// Work counts the multiplications, each with an addition, that a network's
// convolutions and linear layers take for one picture, and what their
// derivatives take beside. Two floating-point operations (FLOPs) are one of them.
//
// A convolution counts its output pixels times kernel values times channels in
// and out, taps on the padding included, as a strided or transposed convolution
// has them: what a form computes besides, such as the zeros of a padded kernel, or
// saves, as Winograd's does, changes nothing here. The gradient by the input and
// that by the kernel each take as many as the layer itself. Biases, norms,
// activations, losses and the optimizer are not counted: they move memory, and
// are some thousandths of the arithmetic.
type Work struct {
	// Layers has the multiply-adds of each layer's forward pass, in order. The
	// first reads the picture.
	Layers []int64
	// Curved is the number of layers up to the last one behind which there is a
	// norm: the first gradient depends on those layers' outputs beyond the signs
	// that a ReLU asks for, so that the second goes through them once more.
	Curved int
}

// Work counts the generator's layers.
func (c GeneratorConfig) Work() Work {
	var w Work
	side := int64(c.Size)
	in := c.InChannels
	for i, out := range c.widths() {
		side /= 2
		w.Layers = append(w.Layers, side*side*16*int64(in)*int64(out))
		if c.Norm != NormNone && c.downHasNorm(i) {
			w.Curved = len(w.Layers)
		}
		in = out
	}
	for i := c.Downs - 1; i >= 0; i-- {
		in, out := c.upChannels(i)
		// Each output pixel of a 4x4 stride 2 transposed convolution takes four
		// taps, which is sixteen for each input pixel.
		w.Layers = append(w.Layers, side*side*16*int64(in)*int64(out))
		if c.Norm != NormNone && i > 0 {
			w.Curved = len(w.Layers)
		}
		side *= 2
	}
	return w
}

// Work counts the critic's layers; one of kind none has none.
func (c CriticConfig) Work() Work {
	var w Work
	side, features := c.Size, 0
	for _, l := range c.layers() {
		side = l.conv.outputSide(side)
		w.Layers = append(w.Layers, int64(side)*int64(side)*16*int64(l.in)*int64(l.out))
		if l.norm != NormNone {
			w.Curved = len(w.Layers)
		}
		features = side * side * l.out
	}
	if c.Kind == CriticConv {
		w.Layers = append(w.Layers, int64(features))
	}
	return w
}

// Forward counts one forward pass.
func (w Work) Forward() int64 { return sum(w.Layers) }

// Train counts a forward pass and the gradient by all weights. The first layer
// needs no gradient by its input.
func (w Work) Train() int64 { return 3*w.Forward() - w.first() }

// Through counts a forward pass and the gradient by the picture alone, weights
// left out: how a generator's loss goes through the critic.
func (w Work) Through() int64 { return 2 * w.Forward() }

// Penalty counts a gradient penalty: the forward pass at the mixed picture, whose
// last layer has no part in the gradient; the gradient by the picture; and the
// gradient of that by all weights. The last goes back through the chain of the
// first gradient (each kernel, and each layer's input but the scores' constant
// one), and where there are norms through the forward pass below them too.
func (w Work) Penalty() int64 {
	n := len(w.Layers)
	if n == 0 {
		return 0
	}
	below := w.Forward() - w.Layers[n-1]
	forward, first, chain := below, w.Forward(), w.Forward()+below
	if w.Curved == 0 {
		return forward + first + chain
	}
	return forward + first + chain + 2*sum(w.Layers[:w.Curved]) - w.first()
}

func (w Work) first() int64 {
	if len(w.Layers) == 0 {
		return 0
	}
	return w.Layers[0]
}

func sum(list []int64) (total int64) {
	for _, n := range list {
		total += n
	}
	return total
}
