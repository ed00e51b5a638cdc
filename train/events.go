// SPDX-License-Identifier: Apache-2.0

package train

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/chromabeam/chromabeam/train/tfevents"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// eventsPattern matches the files for TensorBoard in their folder.
const eventsPattern = "events.out.tfevents.*"

// events writes for TensorBoard what metrics.jsonl and the samples hold. Each
// process that works on a run adds a file of its own.
type events struct{ writer *tfevents.Writer }

// openEvents begins a file. What an earlier process wrote after the given step,
// at which this one goes on, is taken back.
func openEvents(run string, step int64) (*events, error) {
	w, err := tfevents.Create(filepath.Join(run, eventsDir), tfevents.Options{})
	if err != nil {
		return nil, fmt.Errorf("writing events: %w", err)
	}
	if err := w.Restart(step + 1); err != nil {
		return nil, fmt.Errorf("writing events: %w", errors.Join(err, w.Close()))
	}
	return &events{writer: w}, nil
}

// line writes a line of the metrics.
func (e *events) line(m Metric) error {
	type scalar struct {
		tag   string
		value *float64
	}
	var list []scalar
	switch m.Kind {
	case MetricStep:
		list = []scalar{
			{"l1/train", m.L1},
			{"generator/adversarial", m.Adversarial},
			{"critic/loss", m.Critic},
			{"critic/distance", m.Distance},
			{"critic/penalty", m.Penalty},
			{"critic/penalty_norm", m.PenaltyNorm},
			{"gradient/generator", m.GeneratorGradient},
			{"gradient/critic", m.CriticGradient},
		}
		if q := m.Pictures; q != nil {
			list = append(list, scalar{"psnr/train", &q.PSNR}, scalar{"ssim/train", &q.SSIM},
				scalar{"ciede2000/train", &q.CIEDE2000}, scalar{"colorfulness/train", &q.Colorfulness})
		}
	case MetricEpoch:
		if v := m.Validation; v != nil {
			list = []scalar{
				{"l1/validation", &v.L1},
				{"psnr/validation", &v.PSNR},
				{"ssim/validation", &v.SSIM},
				{"ciede2000/validation", &v.CIEDE2000},
				{"colorfulness/validation", &v.Colorfulness},
				{"generator/adversarial_validation", v.Adversarial},
				{"critic/loss_validation", v.Critic},
				{"critic/distance_validation", v.Distance},
				{"critic/penalty_validation", v.Penalty},
			}
		}
		if q := m.Average; q != nil {
			list = append(list, scalar{"l1/average", &q.L1}, scalar{"psnr/average", &q.PSNR}, scalar{"ssim/average", &q.SSIM},
				scalar{"ciede2000/average", &q.CIEDE2000}, scalar{"colorfulness/average", &q.Colorfulness})
		}
	case MetricDiverged:
	}
	for _, s := range list {
		if s.value == nil {
			continue
		}
		if err := e.writer.Scalar(s.tag, m.Step, *s.value); err != nil {
			return fmt.Errorf("writing events: %w", err)
		}
	}
	if err := e.writer.Flush(); err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	return nil
}

// samples writes an epoch's grid.
func (e *events) samples(step int64, grid *pixel.RGB) error {
	var png bytes.Buffer
	if err := pixel.EncodePNG(&png, grid); err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	if err := e.writer.Image("samples", step, png.Bytes(), grid.Width, grid.Height); err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	return nil
}

func (e *events) close() error { return e.writer.Close() }
