// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
)

// Numbers of 16 bits, in which weights take half the room. bfloat16 has the range
// of float32 and 8 bits of precision, float16 has 11 bits and ends at 65504.

// Narrow returns the tensor with each value rounded to the nearest of the given
// type, the even one of two: [dtypes.Float32], [dtypes.BFloat16] or
// [dtypes.Float16]. The tensor must be of float32; it is returned itself for that
// type. It is an error where a value is no number, or too large for the type. The
// error does not name the tensor.
func Narrow(t *tensors.Tensor, to dtypes.DType) (*tensors.Tensor, error) {
	if t.DType() != dtypes.Float32 {
		return nil, fmt.Errorf("narrowing %s: only float32 can be", t.Shape())
	}
	var out *tensors.Tensor
	var bad error
	err := tensors.ConstFlatData(t, func(values []float32) {
		if bad = finite(values); bad != nil {
			return
		}
		switch to {
		case dtypes.Float32:
			out = t
		case dtypes.BFloat16:
			out, bad = narrowTo(t, values, to, bfloat16.FromFloat32, bfloat16.BFloat16.Float32)
		case dtypes.Float16:
			out, bad = narrowTo(t, values, to, toFloat16, float16.Float16.Float32)
		default:
			bad = fmt.Errorf("type must be float32, bfloat16 or float16, got %s", to)
		}
	})
	if err == nil {
		err = bad
	}
	return out, err
}

// half is a number of 16 bits.
type half interface {
	bfloat16.BFloat16 | float16.Float16
}

func narrowTo[T half](
	t *tensors.Tensor, values []float32, to dtypes.DType, narrow func(float32) T, wide func(T) float32,
) (*tensors.Tensor, error) {
	short := make([]T, len(values))
	for i, v := range values {
		short[i] = narrow(v)
		if math.IsInf(float64(wide(short[i])), 0) {
			return nil, fmt.Errorf("its value %g is beyond the range of %s", v, to)
		}
	}
	return fromFlat(short, t.Shape().Dimensions), nil
}

// fromFlat is a tensor of the values; a scalar has no dimensions.
func fromFlat[T half | float32 | int64](values []T, dims []int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// finite returns an error for the first value that is no number.
func finite(values []float32) error {
	for _, v := range values {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("its value %g is no number", v)
		}
	}
	return nil
}

// toFloat16 rounds to the nearest float16, the even one of two.
func toFloat16(v float32) float16.Float16 {
	const (
		least    = 0x38800000 // 2^-14, the least with all bits of precision
		infinite = 0x477ff000 // 65520, from which on the nearest is infinite
		half     = 0x3f000000 // 0.5, whose last bit is the least float16
	)
	bits := math.Float32bits(v)
	sign := float16.Float16(bits >> 16 & 0x8000)
	bits &^= 1 << 31
	switch {
	case bits > 0x7f800000:
		return sign | 0x7e00 // no number
	case bits >= infinite:
		return sign | 0x7c00
	case bits < least:
		return sign | float16.Float16(math.Float32bits(math.Float32frombits(bits)+0.5)-half)
	}
	bits += 0xfff + bits>>13&1
	return sign | float16.Float16((bits-0x38000000)>>13)
}

// Widen returns the values of a bfloat16 or float16 tensor as float32, which is
// exact. A tensor of any other type is returned as it is.
func Widen(t *tensors.Tensor) (*tensors.Tensor, error) {
	switch t.DType() {
	case dtypes.BFloat16:
		return widenFrom(t, bfloat16.BFloat16.Float32)
	case dtypes.Float16:
		return widenFrom(t, float16.Float16.Float32)
	default:
		return t, nil
	}
}

func widenFrom[T half](t *tensors.Tensor, wide func(T) float32) (*tensors.Tensor, error) {
	long := make([]float32, t.Size())
	err := tensors.ConstFlatData(t, func(values []T) {
		for i, v := range values {
			long[i] = wide(v)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("widening %s: %w", t.Shape(), err)
	}
	return fromFlat(long, t.Shape().Dimensions), nil
}
