// SPDX-License-Identifier: Apache-2.0

package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// WeightFile returns the path of the weight file that a checkpoint's name stands
// for in a run folder. An empty name stands for the best one or else the last.
func WeightFile(run, checkpoint string) (string, error) {
	ref, err := findCheckpoint(run, checkpoint)
	if err != nil {
		return "", err
	}
	return ref.Path(run), nil
}

// FindWeights is [WeightFile] with the hex SHA-256 of the run's model.json and
// that file, and of the name where it is [CheckpointEMA].
func FindWeights(run, checkpoint string) (path, hash string, err error) {
	if path, err = WeightFile(run, checkpoint); err != nil {
		return "", "", err
	}
	hash, err = hashFiles(filepath.Join(run, ModelFile), path)
	if checkpoint == CheckpointEMA {
		hash = hashText(hash + CheckpointEMA) // other weights of the same file
	}
	return path, hash, err
}

// ValidateCheckpoint returns an error unless the name is one that [WeightFile]
// knows.
func ValidateCheckpoint(name string) error {
	switch name {
	case "", CheckpointLast, CheckpointBest, CheckpointEMA:
		return nil
	}
	return fmt.Errorf("checkpoint must be %s, %s or %s, got %q", CheckpointLast, CheckpointBest, CheckpointEMA, name)
}

// findCheckpoint resolves a checkpoint's name, where none is given to the best
// one or else the last.
func findCheckpoint(run, name string) (CheckpointRef, error) {
	switch name {
	case CheckpointBest, CheckpointLast:
		return ReadCheckpointRef(run, name)
	case CheckpointEMA:
		return ReadCheckpointRef(run, CheckpointLast)
	case "":
		ref, err := ReadCheckpointRef(run, CheckpointBest)
		if errors.Is(err, os.ErrNotExist) {
			return ReadCheckpointRef(run, CheckpointLast)
		}
		return ref, err
	}
	return CheckpointRef{}, ValidateCheckpoint(name)
}

func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func hashFiles(paths ...string) (string, error) {
	h := sha256.New()
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("hashing the model: %w", err)
		}
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", fmt.Errorf("hashing %q: %w", path, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
