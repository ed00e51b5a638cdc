// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// stage puts the worker binary, unless it is there, and the pipeline into the
// staging location.
func (s *dataflowJob) stage(ctx context.Context) error {
	st, err := store.Open(s.staging)
	if err != nil {
		return err
	}
	if err := s.stageWorker(ctx, st); err != nil {
		return err
	}
	_, err = st.Publish(ctx, s.modelName, store.Absent(), func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(s.model))
		return err
	})
	return err
}

func (s *dataflowJob) stageWorker(ctx context.Context, st store.Store) error {
	file, err := os.Open(s.worker.path)
	if err != nil {
		return err
	}
	defer file.Close()
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	there, err := st.Stat(ctx, s.workerName)
	switch {
	case err == nil && there.Size == size:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	slog.InfoContext(ctx, fmt.Sprintf("staging the worker binary %s, %d MB", s.worker.path, size/1e6))
	_, err = st.Publish(ctx, s.workerName, store.Anything(), func(w io.Writer) error {
		_, err := io.Copy(w, file)
		return err
	})
	return err
}

// hashFile returns the SHA-256 of a file.
func hashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the worker binary: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("reading the worker binary: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
