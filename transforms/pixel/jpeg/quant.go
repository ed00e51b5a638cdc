// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	std "image/jpeg"
	"io"
)

// body is what is left of a segment; data is shorter than n where the file
// ends within it.
type body struct {
	data []byte
	n    int
}

// take returns the next n bytes; wrong is the error where the segment is too
// short for them.
func (b *body) take(n int, wrong error) ([]byte, error) {
	if b.n < n {
		return nil, wrong
	}
	if len(b.data) < n {
		return nil, io.ErrUnexpectedEOF
	}
	taken := b.data[:n]
	b.data, b.n = b.data[n:], b.n-n
	return taken, nil
}

// processDQT reads a Define Quantization Table segment, section B.2.4.1.
func (d *decoder) processDQT(b body) error {
	const wrong = std.FormatError("DQT has wrong length")
	for b.n > 0 {
		head, err := b.take(1, wrong)
		if err != nil {
			return err
		}
		precision, tq := head[0]>>4, head[0]&0x0f
		if tq > 3 {
			return std.FormatError("bad Tq value")
		}
		if precision > 1 {
			return std.FormatError("bad Pq value")
		}
		if b.n == 0 {
			return nil // as image/jpeg has it
		}
		size := 1 + int(precision)
		table, err := b.take(64*size, wrong)
		if err != nil {
			return err
		}
		q := &d.quant[tq]
		for i := range q {
			if size == 1 {
				q[i] = int32(table[i])
			} else {
				q[i] = int32(table[2*i])<<8 | int32(table[2*i+1])
			}
		}
	}
	return nil
}
