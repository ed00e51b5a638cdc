// SPDX-License-Identifier: Apache-2.0

package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// MetricKind names what a line of metrics.jsonl is about.
type MetricKind string

// The kinds of lines.
const (
	// MetricStep is a mean over the steps since the line before.
	MetricStep MetricKind = "step"
	// MetricEpoch is a mean over an epoch, with its validation.
	MetricEpoch MetricKind = "epoch"
	// MetricDiverged is the last line of a run whose loss is no number.
	MetricDiverged MetricKind = "diverged"
)

// Metric is a line of metrics.jsonl. It holds no clock, so that a resumed run
// writes what an unbroken one does.
type Metric struct {
	Kind  MetricKind        `json:"kind"`
	Stage recipes.StageKind `json:"stage"`
	// Epoch counts from 1 through all stages, Step the steps of all stages.
	Epoch int   `json:"epoch"`
	Step  int64 `json:"step"`
	// L1 is the generator's mean absolute error in training, Adversarial the
	// other part of its loss, unweighted. Critic is what the critic minimizes,
	// Distance its score of true pictures less that of generated ones (under
	// WGAN-GP its estimate of the Wasserstein distance), Penalty the gradient
	// penalty before its weight and PenaltyNorm the norm that it wants to be 1.
	// GeneratorGradient and CriticGradient are the 2-norms of the networks'
	// gradients before clipping. Absent is what the stage does not train, and
	// all of them where the run diverged.
	L1                *float64 `json:"l1,omitempty"`
	Adversarial       *float64 `json:"adversarial,omitempty"`
	Critic            *float64 `json:"critic,omitempty"`
	Distance          *float64 `json:"distance,omitempty"`
	Penalty           *float64 `json:"penalty,omitempty"`
	PenaltyNorm       *float64 `json:"penalty_norm,omitempty"`
	GeneratorGradient *float64 `json:"generator_gradient,omitempty"`
	CriticGradient    *float64 `json:"critic_gradient,omitempty"`
	// Pictures measures some of the last step's generated pictures, as 8-bit
	// pictures in training mode; on lines about steps of the generator.
	Pictures *pixel.Quality `json:"pictures,omitempty"`
	// Validation is there at the end of an epoch, if the data set has pictures
	// for it.
	Validation *Scores `json:"validation,omitempty"`
	// Average measures the moving average of the generator's weights in
	// validation, where the recipe keeps one.
	Average *pixel.Quality `json:"average,omitempty"`
}

// metricsLog appends to metrics.jsonl. A line may still be in the making when
// the trainer goes on: it is written before the one that follows it, and before
// the log is synced.
type metricsLog struct {
	file    *os.File
	size    int64
	pending chan pendingLine
	// observe, if set, is called with each line that was written.
	observe func(Metric) error
}

// openMetrics opens the log for appending, cut to the given length: what a
// broken run wrote after its last checkpoint is computed again. A log that is
// shorter has been damaged.
func openMetrics(path string, size int64) (*metricsLog, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening metrics: %w", err)
	}
	m := &metricsLog{file: file, size: size}
	if err := m.cut(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return m, nil
}

func (m *metricsLog) cut() error {
	end, err := m.file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("opening metrics: %w", err)
	}
	if end < m.size {
		return fmt.Errorf("opening metrics: %q has %d bytes, but the checkpoint was made after %d", m.file.Name(), end, m.size)
	}
	if err := m.file.Truncate(m.size); err != nil {
		return fmt.Errorf("cutting metrics to the checkpoint: %w", err)
	}
	if _, err := m.file.Seek(m.size, io.SeekStart); err != nil {
		return fmt.Errorf("opening metrics: %w", err)
	}
	return nil
}

// add appends a line.
func (m *metricsLog) add(line Metric) error {
	if err := m.settle(); err != nil {
		return err
	}
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	n, err := m.file.Write(append(text, '\n'))
	m.size += int64(n)
	if err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	failpoint.Hit(pointMetricsAppended)
	if m.observe == nil {
		return nil
	}
	return m.observe(line)
}

// addLater appends a line that finish completes on a goroutine of its own.
func (m *metricsLog) addLater(line Metric, finish func(*Metric)) error {
	if err := m.settle(); err != nil {
		return err
	}
	m.pending = make(chan pendingLine, 1)
	go func(to chan<- pendingLine) {
		done := pendingLine{line: line}
		defer func() { to <- done }()
		defer recovered("measuring pictures", &done.err)
		finish(&done.line)
	}(m.pending)
	return nil
}

// pendingLine is a line that was made on a goroutine of its own.
type pendingLine struct {
	line Metric
	err  error
}

// settle writes the line that is in the making.
func (m *metricsLog) settle() error {
	if m.pending == nil {
		return nil
	}
	done := <-m.pending
	m.pending = nil
	if done.err != nil {
		return done.err
	}
	return m.add(done.line)
}

// sync makes all lines durable; a checkpoint that counts them may follow.
func (m *metricsLog) sync() error {
	if err := m.settle(); err != nil {
		return err
	}
	if err := m.file.Sync(); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}

func (m *metricsLog) close() error { return m.file.Close() }

// ReadMetrics returns the lines of a metrics.jsonl.
func ReadMetrics(path string) ([]Metric, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	var lines []Metric
	decoder := json.NewDecoder(bytes.NewReader(data))
	for {
		var line Metric
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			return lines, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading line %d of %q: %w", len(lines)+1, path, err)
		}
		lines = append(lines, line)
	}
}
