// SPDX-License-Identifier: Apache-2.0

package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// The keys of an exported file's metadata. All values are texts, as the format
// wants.
const (
	metaModel      = "chromabeam.model" // what stands in model.json
	metaLayout     = "chromabeam.layout"
	metaDType      = "chromabeam.dtype"
	metaCheckpoint = "chromabeam.checkpoint"
	metaHash       = "chromabeam.source_sha256"
	metaStep       = "chromabeam.step"
	metaTool       = "chromabeam.tool_version"
	metaFormat     = "format" // by which Python's readers know whose tensors they are
)

// metadata is what a file says of itself.
func (e Exported) metadata() (map[string]string, error) {
	text, err := json.Marshal(modelJSON{Format: modelFormat, Generator: e.Generator})
	if err != nil {
		return nil, fmt.Errorf("encoding the configuration: %w", err)
	}
	m := map[string]string{
		metaModel: string(text), metaLayout: string(e.Layout), metaDType: e.DType, metaCheckpoint: e.Checkpoint,
		metaHash: e.Hash, metaStep: strconv.FormatInt(e.Step, 10), metaTool: e.ToolVersion,
	}
	if e.Layout == LayoutPyTorch {
		m[metaFormat] = "pt"
	}
	return m, nil
}

// describe reads such metadata. What the file's name, size and tensors say is
// left out.
func describe(metadata map[string]string) (Exported, error) {
	text, ours := metadata[metaModel]
	if !ours {
		return Exported{}, errors.New("it was not written by export")
	}
	var m modelJSON
	if err := decodeStrictly([]byte(text), &m); err != nil {
		return Exported{}, fmt.Errorf("decoding its configuration: %w", err)
	}
	if err := m.validate(); err != nil {
		return Exported{}, err
	}
	step, err := strconv.ParseInt(metadata[metaStep], 10, 64)
	if err != nil {
		return Exported{}, fmt.Errorf("decoding its step: %w", err)
	}
	return Exported{
		Layout: Layout(metadata[metaLayout]), DType: metadata[metaDType], Checkpoint: metadata[metaCheckpoint], Step: step,
		Hash: metadata[metaHash], Generator: m.Generator, Parameters: m.Generator.ParameterCount(), ToolVersion: metadata[metaTool],
	}, nil
}

// ReadExported describes a source that is an exported file, or has one for its
// weights. The file is read whole and must be what was written.
func ReadExported(s Source) (Exported, error) {
	if s.weights == "" {
		return Exported{}, fmt.Errorf("reading %q: it is a run folder, not a file that was exported", s.name)
	}
	f, err := s.open(s.weights)
	if err != nil {
		return Exported{}, fmt.Errorf("reading weights: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	read := &counter{w: sum}
	list, metadata, err := loadWeights(f, s.at(s.weights), read, func(string) bool { return true })
	if err != nil {
		return Exported{}, err
	}
	e, err := describe(metadata)
	if err != nil {
		return Exported{}, fmt.Errorf("reading %q: %w", s.at(s.weights), err)
	}
	e.Output, e.Tensors = s.at(s.weights), len(list)
	e.SHA256, e.Bytes = hex.EncodeToString(sum.Sum(nil)), read.n
	return e, nil
}
