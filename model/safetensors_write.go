// SPDX-License-Identifier: Apache-2.0

package model

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gomlx/compute/dtypes"
)

// SaveSafetensors writes the tensors and the metadata to a safetensors file: a
// temporary file beside it is synced and renamed, so that the path never holds
// half a file. Equal tensors give equal bytes. A checksum in the metadata covers
// all of it.
//
// Tensors lie sorted by the width of their type, the widest first, and then by
// name, as the format's reference implementation writes them: so each lies at a
// multiple of its type's width, which PyTorch's reader wants.
func SaveSafetensors(path string, list []NamedTensor, metadata map[string]string) error {
	write, err := encodeSafetensors(list, metadata)
	if err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return writeAtomically(path, write)
}

// encodeSafetensors returns the function that writes such a file.
func encodeSafetensors(list []NamedTensor, metadata map[string]string) (func(io.Writer) error, error) {
	list = slices.SortedFunc(slices.Values(list), func(a, b NamedTensor) int {
		return cmp.Or(cmp.Compare(b.Tensor.DType().Size(), a.Tensor.DType().Size()), cmp.Compare(a.Name, b.Name))
	})
	header, err := encodeHeader(list, withChecksum(metadata))
	if err == nil {
		header, err = sealHeader(header, list)
	}
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) error { return writeTensors(w, header, list) }, nil
}

func encodeHeader(list []NamedTensor, metadata map[string]string) ([]byte, error) {
	header := make(map[string]any, len(list)+1)
	if len(metadata) > 0 {
		header[metadataKey] = metadata
	}
	names := make(map[dtypes.DType]string)
	for name, d := range safetensorTypes() {
		names[d] = name
	}
	var offset int64
	for _, t := range list {
		shape := t.Tensor.Shape()
		dtype, ok := names[shape.DType]
		if !ok {
			return nil, fmt.Errorf("tensor %q has type %s, which the format lacks", t.Name, shape.DType)
		}
		if _, twice := header[t.Name]; twice || t.Name == metadataKey || t.Name == "" {
			return nil, fmt.Errorf("tensor name %q is not allowed or used twice", t.Name)
		}
		dims := make([]int64, len(shape.Dimensions))
		for i, d := range shape.Dimensions {
			dims[i] = int64(d)
		}
		size := shape.ByteSize()
		header[t.Name] = tensorHeader{DType: dtype, Shape: dims, Offsets: [2]int64{offset, offset + size}}
		offset += size
	}
	text, err := json.Marshal(header) // sorts the keys
	if err != nil {
		return nil, fmt.Errorf("encoding the header: %w", err)
	}
	// Spaces align the data to 8 bytes.
	return append(text, bytes.Repeat([]byte(" "), (8-len(text)%8)%8)...), nil
}

func writeTensors(w io.Writer, header []byte, list []NamedTensor) error {
	b := bufio.NewWriterSize(w, 1<<20)
	if err := binary.Write(b, binary.LittleEndian, uint64(len(header))); err != nil {
		return fmt.Errorf("writing the header: %w", err)
	}
	if _, err := b.Write(header); err != nil {
		return fmt.Errorf("writing the header: %w", err)
	}
	for _, t := range list {
		var writeErr error
		err := t.Tensor.ConstBytes(func(data []byte) { _, writeErr = b.Write(data) })
		if err := errors.Join(err, writeErr); err != nil {
			return fmt.Errorf("writing tensor %q: %w", t.Name, err)
		}
	}
	return b.Flush()
}
