// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"sync/atomic"
	"time"
)

// Stats is what an [Engine] has done since it was loaded. All but the last two
// only grow: who wants a job's share takes the difference of two.
type Stats struct {
	// Since is when the engine was ready.
	Since time.Time
	// DeviceBusy is how long the device had batches, a sum over its DeviceLanes,
	// which is how many it works on at once. The others are sums over the
	// pool's Workers, or over readers and writers: CodecBusy of decoding, joining
	// and encoding, ReadBusy of Task.Load, StoreBusy of Task.Store.
	DeviceBusy, CodecBusy, ReadBusy, StoreBusy time.Duration
	DeviceLanes, Workers                       int
	// Batches went to the device with Inferences pictures; FailedBatches of them
	// were run again picture by picture, and for Halved the device's memory was too
	// small: the steps in which it goes on are half as large after each.
	Batches, Inferences, FailedBatches, Halved int64
	// Kept, Recoded and PNG count coloured pictures by Result.Way, Left those that
	// had colour already.
	Kept, Recoded, PNG, Left int64
	// BudgetBytes is the size of the budget that the engine shares with others of
	// the same setting, BudgetUsed what pictures in work take of it now.
	BudgetBytes, BudgetUsed int64
}

// counts are the engine's running totals; times are in nanoseconds.
type counts struct {
	device, codec, read, store          atomic.Int64
	batches, pictures, failures, halved atomic.Int64
	kept, recoded, png, left            atomic.Int64
}

// Stats returns the totals so far. It may be called at any time; a number may be
// of a moment later than the one before it.
func (e *Engine) Stats() Stats {
	c := &e.counts
	files, pictures := e.budget.files, e.budget.pictures
	return Stats{
		Since:      e.since,
		DeviceBusy: time.Duration(c.device.Load()), CodecBusy: time.Duration(c.codec.Load()),
		ReadBusy: time.Duration(c.read.Load()), StoreBusy: time.Duration(c.store.Load()),
		DeviceLanes: e.lanes, Workers: e.settings.Workers,
		Batches: c.batches.Load(), Inferences: c.pictures.Load(),
		FailedBatches: c.failures.Load(), Halved: c.halved.Load(),
		Kept: c.kept.Load(), Recoded: c.recoded.Load(), PNG: c.png.Load(), Left: c.left.Load(),
		BudgetBytes: files.size + pictures.size, BudgetUsed: files.used.Load() + pictures.used.Load(),
	}
}

// clock adds the time since start to a total and returns it.
func clock(total *atomic.Int64, start time.Time) time.Duration {
	took := time.Since(start)
	total.Add(int64(took))
	return took
}

// count adds a picture that has come to its end without an error.
func (c *counts) count(r *Result) {
	switch {
	case r.Left:
		c.left.Add(1)
	case r.Way == wayKept:
		c.kept.Add(1)
	case r.Way == wayRecoded:
		c.recoded.Add(1)
	case r.Way == wayPNG:
		c.png.Add(1)
	}
}
