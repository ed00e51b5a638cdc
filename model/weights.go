// SPDX-License-Identifier: Apache-2.0

package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Weights say which ones of a source a network has.
type Weights struct { //nolint:recvcheck // a value that is filled in once
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

	path string
}

// Path is where the weight file lies, for messages.
func (w Weights) Path() string { return w.path }

// setHash sets the hash and the size after the files have been read.
func (w *Weights) setHash(sum hash.Hash, size int64) {
	w.Hash, w.Bytes = hex.EncodeToString(sum.Sum(nil)), size
	if w.Checkpoint == CheckpointEMA {
		w.Hash = hashText(w.Hash + CheckpointEMA) // other weights of the same file
	}
}

// Network is a generator as a source has it, in memory.
type Network struct { //nolint:recvcheck // a value that is filled in once
	Config  GeneratorConfig
	Weights Weights
	// Tensors are the generator's, under names that begin with [GeneratorScope]
	// whichever weights they are.
	Tensors []NamedTensor
	// Metadata is the weight file's.
	Metadata map[string]string
}

// Load reads a generator with the weights of a checkpoint, which is named as for
// [Source.Find]. The weight file is read once, from its beginning to its end, which
// may be far away, and the hash is that of the very bytes that were loaded. The
// error of a file that is not what was written wraps [ErrDamaged].
func (s Source) Load(checkpoint string) (n Network, err error) {
	var text []byte
	if !s.bare {
		if n.Config, text, err = s.modelConfig(); err != nil {
			return Network{}, err
		}
	}
	err = s.resolve(checkpoint, func(file string, w Weights) error {
		n.Weights = w
		return n.read(s, file, text)
	})
	if err != nil {
		return Network{}, err
	}
	return n, nil
}

// read reads the weight file. The text before it is hashed as well.
func (n *Network) read(s Source, file string, text []byte) error {
	prefix := GeneratorScope
	if n.Weights.Checkpoint == CheckpointEMA {
		prefix = EMAScope + "/" + GeneratorScope
	}
	f, err := s.open(file)
	if err != nil {
		return fmt.Errorf("reading weights: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	sum.Write(text)
	read := &counter{w: sum}
	n.Tensors, n.Metadata, err = loadWeights(f, s.at(file), read,
		func(name string) bool { return strings.HasPrefix(name, prefix+"/") })
	if err != nil {
		return err
	}
	if n.Weights.Checkpoint == CheckpointEMA && len(n.Tensors) == 0 {
		return fmt.Errorf("checkpoint %q holds no moving average, since its recipe's ema is 0: ask for %s or %s",
			s.at(file), CheckpointLast, CheckpointBest)
	}
	for i, t := range n.Tensors {
		n.Tensors[i].Name = GeneratorScope + strings.TrimPrefix(t.Name, prefix)
	}
	if s.bare {
		if n.Config, err = s.metadataConfig(n.Metadata); err != nil {
			return err
		}
	}
	n.Weights.setHash(sum, read.n)
	return nil
}

// Find finds the weights of a checkpoint: [CheckpointBest], [CheckpointLast] or
// [CheckpointEMA] of a run folder, where an empty name stands for the best one or
// else the last. Other sources have one set of weights, of an empty name. The
// weight file is read for its hash alone.
func (s Source) Find(checkpoint string) (found Weights, err error) {
	err = s.resolve(checkpoint, func(file string, w Weights) error {
		sum := sha256.New()
		if !s.bare {
			if _, err := s.hashFile(sum, ModelFile); err != nil {
				return err
			}
		}
		size, err := s.hashFile(sum, file)
		if err != nil {
			return err
		}
		w.setHash(sum, size)
		found = w
		return nil
	})
	return found, err
}

// resolve calls use with the weight file that a checkpoint's name stands for. A run
// that goes on removes old files: one that is gone is looked for again, since the
// pointer then names another.
func (s Source) resolve(checkpoint string, use func(file string, w Weights) error) error {
	file, w, err := s.weightsOf(checkpoint)
	if err != nil {
		return err
	}
	gone := use(file, w)
	if s.weights != "" || !errors.Is(gone, fs.ErrNotExist) {
		return gone
	}
	again, w, err := s.weightsOf(checkpoint)
	if err != nil || again == file {
		return gone
	}
	return use(again, w)
}

// weightsOf is the weight file that a checkpoint's name stands for, unread.
func (s Source) weightsOf(checkpoint string) (string, Weights, error) {
	switch {
	case s.weights == "":
		ref, name, err := s.checkpoint(checkpoint)
		if err != nil {
			return "", Weights{}, err
		}
		file := path.Join(CheckpointsDir, ref.File)
		return file, Weights{Checkpoint: name, Step: ref.Step, path: s.at(file)}, nil
	case checkpoint != "":
		return "", Weights{}, fmt.Errorf("model %q has one set of weights: leave checkpoint out, got %q", s.name, checkpoint)
	}
	return s.weights, Weights{path: s.at(s.weights)}, nil
}

// hashFile adds a file to a sum and returns its size.
func (s Source) hashFile(sum io.Writer, file string) (int64, error) {
	f, err := s.open(file)
	if err != nil {
		return 0, fmt.Errorf("hashing the model: %w", err)
	}
	size, err := io.Copy(sum, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("hashing %q: %w", s.at(file), err)
	}
	return size, nil
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
