// SPDX-License-Identifier: Apache-2.0

package model

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
)

// TestHalfNearest takes every pair of neighbours of both types: what lies below
// their middle must become the lower one, what lies above it the upper one, and
// the middle itself the one with an even last bit.
func TestHalfNearest(t *testing.T) {
	t.Parallel()
	types := []struct {
		name     string
		infinite uint16 // the first pattern that is no number
		wide     func(uint16) float32
		narrow   func(float32) uint16
	}{
		{
			"bfloat16", 0x7f80, func(b uint16) float32 { return bfloat16.BFloat16(b).Float32() },
			func(v float32) uint16 { return uint16(bfloat16.FromFloat32(v)) },
		},
		{
			"float16", 0x7c00, func(b uint16) float32 { return float16.Float16(b).Float32() },
			func(v float32) uint16 { return uint16(toFloat16(v)) },
		},
	}
	for _, tt := range types {
		for low := range tt.infinite {
			a, b := tt.wide(low), float64(tt.wide(low+1))
			if math.IsInf(b, 1) { // as if there were one more
				b = 2*float64(a) - float64(tt.wide(low-1))
			}
			middle := float32((float64(a) + b) / 2)
			even := low + low&1
			for value, want := range map[float32]uint16{
				a: low, middle: even,
				math.Nextafter32(middle, 0):                    low,
				math.Nextafter32(middle, float32(math.Inf(1))): low + 1,
			} {
				if got := tt.narrow(value); got != want {
					t.Fatalf("%s of %g is %#04x, want %#04x", tt.name, value, got, want)
				}
				if got := tt.narrow(-value); got != want|0x8000 {
					t.Fatalf("%s of %g is %#04x, want %#04x", tt.name, -value, got, want|0x8000)
				}
			}
		}
	}
}

func TestNarrowAndWiden(t *testing.T) {
	t.Parallel()
	values := []float32{0, 1, -1, 0.1, 65504, -3.1e-5, 6e-8, 1e-9}
	tests := []struct {
		to   dtypes.DType
		want []float32
	}{
		{dtypes.Float32, values},
		{dtypes.BFloat16, []float32{0, 1, -1, 0.10009765625, 65536, -3.0994415283203125e-05, 6.007030606269836e-08, 9.968061931431293e-10}},
		{dtypes.Float16, []float32{0, 1, -1, 0.0999755859375, 65504, -3.0994415283203125e-05, 5.960464477539063e-08, 0}},
	}
	for _, tt := range tests {
		narrow, err := Narrow(tensors.FromFlatDataAndDimensions(values, 2, 4), tt.to)
		if err != nil {
			t.Fatal(err)
		}
		if narrow.DType() != tt.to {
			t.Errorf("%s became %s", tt.to, narrow.DType())
		}
		wide, err := Widen(narrow)
		if err != nil {
			t.Fatal(err)
		}
		want := tensors.FromFlatDataAndDimensions(tt.want, 2, 4)
		if !wide.Shape().Equal(want.Shape()) || !wide.Equal(want) {
			t.Errorf("%s of %v: got %s, want %s", tt.to, values, wide, want)
		}
	}
}

func TestNarrowRefuses(t *testing.T) {
	t.Parallel()
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	tests := []struct {
		value float32
		to    dtypes.DType
		want  string // empty where it is taken
	}{
		{65519, dtypes.Float16, ""},
		{65520, dtypes.Float16, "its value 65520 is beyond the range of Float16"},
		{-7e4, dtypes.Float16, "its value -70000 is beyond the range of Float16"},
		{7e4, dtypes.BFloat16, ""},
		{3.4e38, dtypes.BFloat16, "its value 3.4e+38 is beyond the range of BFloat16"},
		{3.4e38, dtypes.Float32, ""},
		{nan, dtypes.Float32, "its value NaN is no number"},
		{inf, dtypes.Float16, "its value -Inf is no number"},
		{1, dtypes.Int32, "type must be float32, bfloat16 or float16"},
	}
	for _, tt := range tests {
		_, err := Narrow(tensors.FromValue([]float32{1, tt.value}), tt.to)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%g as %s: error %v, want %q", tt.value, tt.to, err, tt.want)
		}
	}
	if _, err := Narrow(tensors.FromValue([]int64{1}), dtypes.Float16); err == nil {
		t.Error("whole numbers were narrowed")
	}
}
