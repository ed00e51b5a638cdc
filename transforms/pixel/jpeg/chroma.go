// SPDX-License-Identifier: Apache-2.0

package jpeg

import "slices"

// colorEncoder turns chroma into the tokens of its blocks.
type colorEncoder struct {
	x, y axis
	// quant is in zigzag order, reciprocal in natural order.
	quant      [64]uint8
	reciprocal [64]float32
	// rows has for each column of samples the coefficients of the current row of
	// blocks in the vertical direction, y.order of them and zeros up to stride,
	// for each plane.
	rows   [2][]float32
	stride int // a multiple of four

	// list holds each row's blocks in the order of the file: Cb and Cr in turns,
	// each the token of the first coefficient's difference and those of the
	// others.
	list   [][]token
	row    []token  // of which the next one is made
	dc, ac [256]int // how often symbols occur
	last   [2]int32
	zigzag [64]uint8 // of an index in natural order
}

// standardChroma is the table of section K.1 of ITU-T T.81, in natural order.
var standardChroma = [64]uint8{
	17, 18, 24, 47, 99, 99, 99, 99,
	18, 21, 26, 66, 99, 99, 99, 99,
	24, 26, 56, 99, 99, 99, 99, 99,
	47, 66, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
}

func newColorEncoder(l *Luma, c Chroma, quality int) *colorEncoder {
	e := &colorEncoder{x: newAxis(l.width, c.Width), y: newAxis(l.height, c.Height)}
	scale := 200 - 2*quality
	if quality < 50 {
		scale = 5000 / quality
	}
	for k, i := range unzig {
		q := min(max((int(standardChroma[i])*scale+50)/100, 1), 255)
		e.quant[k] = uint8(q)
		e.reciprocal[i] = 1 / float32(q)
		e.zigzag[i] = uint8(k)
	}
	e.stride = (e.y.order + 3) &^ 3
	for i := range e.rows {
		e.rows[i] = make([]float32, c.Width*e.stride)
	}
	return e
}

// encode makes the tokens of all blocks.
func (e *colorEncoder) encode(c Chroma) {
	planes := [2][]float32{c.Cb, c.Cr}
	for by := range e.y.first {
		for i, plane := range planes {
			e.columns(e.rows[i], plane, c.Width, by)
		}
		for bx := range e.x.first {
			for i := range planes {
				e.block(i, bx)
			}
		}
		e.list = append(e.list, slices.Clone(e.row))
		e.row = e.row[:0]
	}
}

// columns transforms the samples of block row by in the vertical direction.
func (e *colorEncoder) columns(dst, plane []float32, width, by int) {
	order, taps := e.y.order, e.y.taps
	m := e.y.m[by*order*taps:][:order*taps]
	clear(dst)
	for t := range taps {
		row := plane[(e.y.first[by]+t)*width:][:width]
		for u := 0; u < order; u += 4 {
			var w [4]float32
			for j := range min(4, order-u) {
				w[j] = m[(u+j)*taps+t]
			}
			if w == [4]float32{} {
				continue
			}
			part := dst[u:]
			for x, v := range row {
				p := (*[4]float32)(part[x*e.stride:])
				p[0] += w[0] * v
				p[1] += w[1] * v
				p[2] += w[2] * v
				p[3] += w[3] * v
			}
		}
	}
}

// block transforms one block in the horizontal direction and quantizes it.
func (e *colorEncoder) block(plane, bx int) {
	var values [64]int16
	var set uint64
	taps := e.x.taps
	src := e.rows[plane][e.x.first[bx]*e.stride:][:taps*e.stride]
	m := e.x.m[bx*e.x.order*taps:][:e.x.order*taps]
	for v := range e.x.order {
		weights := m[v*taps:][:taps]
		for u := 0; u < e.stride; u += 4 {
			for j, x := range four(weights, src[u:], e.stride) {
				i := (8*(u+j) + v) & 63
				x *= e.reciprocal[i]
				if x > -0.5 && x < 0.5 {
					continue
				}
				k := e.zigzag[i] & 63
				values[k] = quantized(x)
				set |= 1 << k
			}
		}
	}
	e.add(plane, &values, set)
}

// four returns the weighted sums of four columns of src.
func four(weights, src []float32, stride int) [4]float32 {
	var a, b, c, d float32
	for t, w := range weights {
		x := (*[4]float32)(src[t*stride:])
		a += w * x[0]
		b += w * x[1]
		c += w * x[2]
		d += w * x[3]
	}
	return [4]float32{a, b, c, d}
}

// quantized rounds a coefficient and keeps it within what a baseline file holds.
func quantized(x float32) int16 {
	switch {
	case x >= 1023:
		return 1023
	case x <= -1023:
		return -1023
	case x > 0:
		return int16(x + 0.5)
	case x < 0:
		return int16(x - 0.5)
	}
	return 0 // not a number
}

// add appends and counts the tokens of a block.
func (e *colorEncoder) add(plane int, values *[64]int16, set uint64) {
	dc := int32(values[0])
	t := number(0, dc-e.last[plane])
	e.last[plane] = dc
	e.row = append(e.row, t)
	e.dc[uint8(t)]++
	from := len(e.row)
	e.row = appendTokens(e.row, values, set)
	for _, t := range e.row[from:] {
		e.ac[uint8(t)]++
	}
}
