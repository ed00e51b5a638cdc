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
	"io/fs"
	"math"
	"os"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// A safetensors file is the length of its header (8 bytes, little-endian), the
// header (JSON: name -> type, shape, offsets into the data), and the data.

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

// SaveSafetensors writes the tensors, sorted by name, and the metadata to a
// safetensors file: a temporary file beside it is synced and renamed, so that
// the path never holds half a file. Equal tensors give equal bytes.
// A checksum in the metadata covers all of it.
func SaveSafetensors(path string, list []NamedTensor, metadata map[string]string) error {
	list = slices.SortedFunc(slices.Values(list), func(a, b NamedTensor) int { return cmp.Compare(a.Name, b.Name) })
	header, err := encodeHeader(list, withChecksum(metadata))
	if err == nil {
		header, err = sealHeader(header, list)
	}
	if err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return writeAtomically(path, func(w io.Writer) error { return writeTensors(w, header, list) })
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

// LoadSafetensors reads a safetensors file, sorted by name. Shapes, types,
// offsets and sizes are checked against each other and the file, and so is the
// checksum where the file has one of ours. The error of a file that is not what
// was written wraps [ErrDamaged].
func LoadSafetensors(path string) ([]NamedTensor, map[string]string, error) {
	return loadSafetensors(path, func(string) bool { return true })
}

// loadSafetensors is [LoadSafetensors] for the tensors whose names keep wants; the
// others are checked as well and not held: of a checkpoint a generator is a third.
func loadSafetensors(path string, keep func(name string) bool) ([]NamedTensor, map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading weights: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("reading weights: %w", err)
	}
	list, metadata, err := readSafetensors(bufio.NewReaderSize(f, 1<<20), st.Size(), keep)
	if err != nil {
		if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
			return nil, nil, fmt.Errorf("reading weights: %w", err) // of the disk, perhaps for now
		}
		return nil, nil, fmt.Errorf("reading weights %q: %w: %w", path, ErrDamaged, err)
	}
	return list, metadata, nil
}

// fileTensor is a tensor that a header promises.
type fileTensor struct {
	name       string
	shape      shapes.Shape
	begin, end int64
}

// readSafetensors reads a file of the given size.
func readSafetensors(r io.Reader, size int64, keep func(name string) bool) ([]NamedTensor, map[string]string, error) {
	var length uint64
	if err := binary.Read(r, binary.LittleEndian, &length); err != nil {
		return nil, nil, fmt.Errorf("reading the header's length: %w", err)
	}
	if length > maxHeader || int64(length) > size-8 {
		return nil, nil, fmt.Errorf("the header's length is %d in a file of %d bytes", length, size)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, nil, fmt.Errorf("reading the header: %w", err)
	}
	files, metadata, err := decodeHeader(text, size-8-int64(length))
	if err != nil {
		return nil, nil, err
	}
	list := make([]NamedTensor, 0, len(files))
	seal := openSeal(text, metadata)
	for _, t := range files {
		if !keep(t.name) {
			if _, err := io.CopyN(seal, r, t.end-t.begin); err != nil {
				return nil, nil, fmt.Errorf("reading tensor %q: %w", t.name, err)
			}
			continue
		}
		tensor := tensors.FromShape(t.shape)
		var readErr error
		err := tensor.MutableBytes(func(data []byte) {
			_, readErr = io.ReadFull(r, data)
			seal.add(data)
		})
		if err := errors.Join(err, readErr); err != nil {
			return nil, nil, fmt.Errorf("reading tensor %q: %w", t.name, err)
		}
		list = append(list, NamedTensor{t.name, tensor})
	}
	if err := seal.check(); err != nil {
		return nil, nil, err
	}
	delete(metadata, checksumKey)
	slices.SortFunc(list, func(a, b NamedTensor) int { return cmp.Compare(a.Name, b.Name) })
	return list, metadata, nil
}

// decodeHeader returns the tensors in the order of their data, which must fill
// dataSize bytes without gap or overlap.
func decodeHeader(text []byte, dataSize int64) ([]fileTensor, map[string]string, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, nil, fmt.Errorf("decoding the header: %w", err)
	}
	var metadata map[string]string
	if raw, ok := entries[metadataKey]; ok {
		if err := json.Unmarshal(raw, &metadata); err != nil {
			return nil, nil, fmt.Errorf("decoding the metadata: %w", err)
		}
		delete(entries, metadataKey)
	}
	types := safetensorTypes()
	files := make([]fileTensor, 0, len(entries))
	for name, raw := range entries {
		var h tensorHeader
		if err := json.Unmarshal(raw, &h); err != nil {
			return nil, nil, fmt.Errorf("decoding the header of tensor %q: %w", name, err)
		}
		t, err := h.check(name, types)
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		files = append(files, t)
	}
	slices.SortFunc(files, func(a, b fileTensor) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	var at int64
	for _, t := range files {
		if t.begin != at {
			return nil, nil, fmt.Errorf("tensor %q starts at byte %d, the one before ends at %d", t.name, t.begin, at)
		}
		at = t.end
	}
	if at != dataSize {
		return nil, nil, fmt.Errorf("the tensors take %d bytes, the file has %d", at, dataSize)
	}
	return files, metadata, nil
}

func (h tensorHeader) check(name string, types map[string]dtypes.DType) (fileTensor, error) {
	dtype, ok := types[h.DType]
	if !ok {
		return fileTensor{}, fmt.Errorf("unknown type %q", h.DType)
	}
	if len(h.Shape) > maxRank {
		return fileTensor{}, fmt.Errorf("%d axes, at most %d are allowed", len(h.Shape), maxRank)
	}
	size := int64(dtype.Size())
	dims := make([]int, len(h.Shape))
	for i, d := range h.Shape {
		if d < 1 || d > math.MaxInt32 || size > math.MaxInt64/d {
			return fileTensor{}, fmt.Errorf("shape %v is not possible", h.Shape)
		}
		dims[i], size = int(d), size*d
	}
	if h.Offsets[0] < 0 || h.Offsets[1]-h.Offsets[0] != size {
		return fileTensor{}, fmt.Errorf("offsets %v do not fit %d bytes of shape %v", h.Offsets, size, h.Shape)
	}
	return fileTensor{name, shapes.Make(dtype, dims...), h.Offsets[0], h.Offsets[1]}, nil
}
