// SPDX-License-Identifier: Apache-2.0

package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Weights are a generator's, found by [Source.Find] and not yet read.
type Weights struct {
	// Checkpoint is which of a run folder's weights they are, empty for other
	// sources.
	Checkpoint string
	// Hash is the hex SHA-256 of the source's model.json and the weight file (of an
	// exported file alone, which has both), and of the checkpoint's name where that is
	// [CheckpointEMA]: it names a network.
	Hash string
	// Step is how many steps of all stages a run folder's checkpoint has behind it,
	// 0 for other sources.
	Step int64
	// Bytes is the size of the weight file, the critic and all else in it included.
	Bytes int64

	source Source
	file   string
	prefix string // of the generator's tensors
}

// Path is where the weight file lies, for messages.
func (w Weights) Path() string { return w.source.at(w.file) }

// Load reads the generator's tensors, under names that begin with
// [GeneratorScope] whichever weights they are, and the file's metadata. The error
// of a file that is not what was written wraps [ErrDamaged].
func (w Weights) Load() ([]NamedTensor, map[string]string, error) {
	f, err := w.source.open(w.file)
	if err != nil {
		return nil, nil, fmt.Errorf("reading weights: %w", err)
	}
	defer f.Close()
	list, metadata, err := loadWeights(f, w.Path(), func(name string) bool { return strings.HasPrefix(name, w.prefix+"/") })
	if err != nil {
		return nil, nil, err
	}
	if w.Checkpoint == CheckpointEMA && len(list) == 0 {
		return nil, nil, fmt.Errorf("checkpoint %q holds no moving average, since its recipe's ema is 0: ask for %s or %s",
			w.Path(), CheckpointLast, CheckpointBest)
	}
	for i, t := range list {
		list[i].Name = GeneratorScope + strings.TrimPrefix(t.Name, w.prefix)
	}
	return list, metadata, nil
}

// FindWeights returns the path of the weight file that a checkpoint's name stands
// for in a run folder, and the hash of the network, as [Source.Find] does.
func FindWeights(run, checkpoint string) (path, hash string, err error) {
	s, err := OpenSource(run)
	if err != nil {
		return "", "", err
	}
	w, err := s.Find(checkpoint)
	if err != nil {
		return "", "", err
	}
	return w.Path(), w.Hash, nil
}

// ValidateCheckpoint returns an error unless the name is one that [Source.Find]
// knows.
func ValidateCheckpoint(name string) error {
	switch name {
	case "", CheckpointLast, CheckpointBest, CheckpointEMA:
		return nil
	}
	return fmt.Errorf("checkpoint must be %s, %s or %s, got %q", CheckpointLast, CheckpointBest, CheckpointEMA, name)
}

func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// hash returns the hex SHA-256 of the files one after the other, and the size of
// the last.
func (s Source) hash(files []string) (sum string, last int64, err error) {
	h := sha256.New()
	for _, file := range files {
		f, err := s.open(file)
		if err != nil {
			return "", 0, fmt.Errorf("hashing the model: %w", err)
		}
		last, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", 0, fmt.Errorf("hashing %q: %w", s.at(file), err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), last, nil
}
