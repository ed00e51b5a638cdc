// SPDX-License-Identifier: Apache-2.0

package model

import (
	"bufio"
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

// LoadSafetensors reads a safetensors file, sorted by name. Shapes, types,
// offsets and sizes are checked against each other and the file, and so is the
// checksum where the file has one of ours. The error of a file that is not what
// was written wraps [ErrDamaged]. Tensors keep the types that they have in the
// file; see [Widen] for those of 16 bits.
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
	return loadWeights(f, path, io.Discard, keep)
}

// loadWeights reads an open file, whose bytes also gets one after the other; path
// is its name in errors.
func loadWeights(f fs.File, path string, also io.Writer, keep func(name string) bool) ([]NamedTensor, map[string]string, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("reading weights: %w", err)
	}
	w := &watched{r: f}
	list, metadata, err := readSafetensors(io.TeeReader(bufio.NewReaderSize(w, 1<<20), also), st.Size(), keep)
	if err != nil {
		return nil, nil, w.explain(path, err)
	}
	return list, metadata, nil
}

// watched remembers the error of a reader, which is the disk's or the network's and
// may pass, apart from what is wrong with the bytes.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// explain says why a weight file could not be read.
func (w *watched) explain(path string, err error) error {
	if w.err != nil {
		return fmt.Errorf("reading weights: %w", err)
	}
	return fmt.Errorf("reading weights %q: %w: %w", path, ErrDamaged, err)
}

// fileTensor is a tensor that a header promises.
type fileTensor struct {
	name       string
	shape      shapes.Shape
	begin, end int64
}

// readHeader reads the header's text, with which a file of the given size begins.
func readHeader(r io.Reader, size int64) ([]byte, error) {
	var length uint64
	if err := binary.Read(r, binary.LittleEndian, &length); err != nil {
		return nil, fmt.Errorf("reading the header's length: %w", err)
	}
	if length > maxHeader || int64(length) > size-8 {
		return nil, fmt.Errorf("the header's length is %d in a file of %d bytes", length, size)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	return text, nil
}

// metadata reads a weight file's metadata alone, without a look at the checksum.
func (s Source) metadata(file string) (map[string]string, error) {
	f, err := s.open(file)
	if err != nil {
		return nil, fmt.Errorf("reading weights: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading weights: %w", err)
	}
	w := &watched{r: f}
	text, err := readHeader(w, st.Size())
	if err != nil {
		return nil, w.explain(s.at(file), err)
	}
	_, metadata, err := decodeHeader(text, st.Size()-8-int64(len(text)))
	if err != nil {
		return nil, w.explain(s.at(file), err)
	}
	return metadata, nil
}

// readSafetensors reads a file of the given size.
func readSafetensors(r io.Reader, size int64, keep func(name string) bool) ([]NamedTensor, map[string]string, error) {
	text, err := readHeader(r, size)
	if err != nil {
		return nil, nil, err
	}
	files, metadata, err := decodeHeader(text, size-8-int64(len(text)))
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
