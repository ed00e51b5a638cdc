// SPDX-License-Identifier: Apache-2.0

package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

// A safetensors file is the length of its header (8 bytes, little-endian), the
// header (JSON: name -> type, shape, offsets into the data), and the data. Ours
// are safetensors_write.go, safetensors_read.go and, for the checksum, seal.go.

const (
	metadataKey = "__metadata__"
	// maxHeader is the limit that the format's reference implementation sets.
	maxHeader = 100_000_000
	// maxRank bounds a tensor's axes; ours have at most four.
	maxRank = 16
)

// NamedTensor is one tensor of a weight file.
type NamedTensor struct {
	Name   string
	Tensor *tensors.Tensor
}

// tensorHeader describes a tensor in the file's header.
type tensorHeader struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// safetensorTypes maps the format's types to GoMLX's.
func safetensorTypes() map[string]dtypes.DType {
	return map[string]dtypes.DType{
		"BOOL": dtypes.Bool, "U8": dtypes.Uint8, "I8": dtypes.Int8,
		"U16": dtypes.Uint16, "I16": dtypes.Int16, "F16": dtypes.Float16, "BF16": dtypes.BFloat16,
		"U32": dtypes.Uint32, "I32": dtypes.Int32, "F32": dtypes.Float32,
		"U64": dtypes.Uint64, "I64": dtypes.Int64, "F64": dtypes.Float64,
	}
}
