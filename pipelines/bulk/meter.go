// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/telemetry"
)

// meter lets one look into a job that runs in this process, at
// Options.MetricsAddr.
type meter struct {
	state  atomic.Pointer[progress.State]   // nil until work begins
	engine atomic.Pointer[inference.Engine] // nil until it is loaded
	stop   func() error
}

// startMeter serves metrics where o asks for it, and listens to o's progress.
func startMeter(ctx context.Context, o *Options) (*meter, error) {
	m := &meter{stop: func() error { return nil }}
	if o.MetricsAddr == "" {
		return m, nil
	}
	addr, stop, err := telemetry.Serve(ctx, o.MetricsAddr, m.gather)
	if err != nil {
		return nil, err
	}
	m.stop = stop
	show := o.Progress
	o.Progress = func(s progress.State) {
		m.state.Store(&s)
		if show != nil {
			show(s)
		}
	}
	if o.Serving != nil {
		o.Serving(addr)
	}
	return m, nil
}

// begin is [newDriver] with metrics. The caller closes the driver and stops the
// meter.
func begin(ctx context.Context, o Options) (*driver, *meter, error) {
	if err := o.Validate(); err != nil {
		return nil, nil, fault.AsRequest(err)
	}
	m, err := startMeter(ctx, &o)
	if err != nil {
		return nil, nil, err
	}
	d, err := newDriver(ctx, o)
	if err != nil {
		return nil, nil, errors.Join(err, m.stop())
	}
	m.engine.Store(d.engine)
	return d, m, nil
}

// gather returns the figures as they are now.
func (m *meter) gather() []telemetry.Metric {
	var now progress.State
	if s := m.state.Load(); s != nil {
		now = *s
	}
	out := []telemetry.Metric{
		level("pictures", "Pictures of the input, in the last listing.", now.Total),
		level("pictures_done", "Pictures of the input that are dealt with.", now.Done),
		level("pictures_rejected", "Pictures of the input that were rejected in this round.", now.Rejects),
	}
	e := m.engine.Load()
	if e == nil {
		return out
	}
	s := e.Stats()
	const coloured = "Pictures coloured, by how they were coded, and pictures left since they have colour."
	out = append(out,
		level("codec_workers", "Pictures that can be decoded or encoded at once.", int64(s.Workers)),
		level("budget_bytes", "Bytes that pictures in work may take.", s.BudgetBytes),
		level("budget_used_bytes", "Bytes that pictures in work take.", s.BudgetUsed),
		tally("device_busy_seconds_total", "Time for which the device had a batch.", s.DeviceBusy.Seconds()),
		tally("codec_busy_seconds_total", "Time of decoding, joining and encoding, summed over workers.", s.CodecBusy.Seconds()),
		tally("read_busy_seconds_total", "Time of reading pictures, summed over readers.", s.ReadBusy.Seconds()),
		tally("store_busy_seconds_total", "Time of storing pictures, summed over writers.", s.StoreBusy.Seconds()),
		tally("batches_total", "Batches that went to the device.", float64(s.Batches)),
		tally("inferences_total", "Pictures that went through the network.", float64(s.Inferences)),
		tally("failed_batches_total", "Batches that were run again picture by picture.", float64(s.FailedBatches)),
		tally("halved_total", "Times that the batch was halved for want of device memory.", float64(s.Halved)),
	)
	for _, way := range []struct {
		name string
		n    int64
	}{{"kept", s.Kept}, {"recoded", s.Recoded}, {"png", s.PNG}, {"left", s.Left}} {
		c := tally("pictures_total", coloured, float64(way.n))
		c.Labels = map[string]string{"way": way.name}
		out = append(out, c)
	}
	return out
}

func level(name, help string, value int64) telemetry.Metric {
	return telemetry.Metric{Name: "chromabeam_bulk_" + name, Help: help, Value: float64(value)}
}

func tally(name, help string, value float64) telemetry.Metric {
	return telemetry.Metric{Name: "chromabeam_bulk_" + name, Help: help, Value: value, Counter: true}
}
