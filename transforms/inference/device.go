// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// outcome is what the device made of a batch.
type outcome struct {
	// outs has the network's output for each picture, or errs why there is none.
	outs [][]float32
	errs []error
	took time.Duration
	// failed says that pictures were run one by one, halved that fewer pictures
	// than asked for were computed at a time.
	failed, halved bool
}

// steps is how many pictures go to the network in one call: fewer than its batch
// once the device's memory was too small.
type steps struct {
	mu   sync.Mutex
	most int
	turn int // the number of times that it became smaller
}

func (s *steps) now() (most, turn int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most, s.turn
}

func (s *steps) halved() bool {
	_, turn := s.now()
	return turn > 0
}

// runBatch takes a batch through the network: where the device's memory is too
// small in smaller and smaller parts, down to a picture, and where a part fails
// for another reason picture by picture. Whoever calls it has a lane of the device.
func (e *Engine) runBatch(batch []*picture) outcome {
	start := time.Now()
	o := outcome{outs: make([][]float32, len(batch)), errs: make([]error, len(batch))}
	for at := 0; at < len(batch); {
		most, turn := e.steps.now()
		end := min(at+most, len(batch))
		err := e.colorize(batch[at:end], o.outs[at:end])
		switch {
		case err == nil:
		case outOfMemory(err) && e.shrink(end-at, turn):
			continue // with a smaller part
		case end-at == 1:
			o.errs[at] = err
		default:
			o.failed = true
			for i := at; i < end; i++ {
				o.errs[i] = e.colorize(batch[i:i+1], o.outs[i:i+1])
			}
		}
		at = end
	}
	o.halved = e.steps.halved()
	o.took = clock(&e.counts.device, start)
	e.counts.batches.Add(1)
	e.counts.pictures.Add(int64(len(batch)))
	if o.failed {
		e.counts.failures.Add(1)
	}
	return o
}

// shrink halves what goes through the network at a time, after n pictures were
// too many for the device's memory, unless another lane has done that since turn.
// It returns false where nothing is left to halve.
func (e *Engine) shrink(n, turn int) (ok bool) {
	e.steps.mu.Lock()
	defer e.steps.mu.Unlock()
	if e.steps.turn != turn {
		return true
	}
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	if s, own := e.net.(shrinker); own {
		// Its steps may be smaller than n: parts stay as they are.
		if _, err := s.Shrink(); err != nil {
			return false
		}
	} else {
		if n == 1 {
			return false
		}
		e.steps.most = n / 2
	}
	e.steps.turn++
	e.counts.halved.Add(1)
	return true
}

// colorize calls the network, checks that it answered for every pixel and deals
// its answer out.
func (e *Engine) colorize(batch []*picture, outs [][]float32) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("running the network: panic: %v", v)
		}
	}()
	gray := batch[0].gray
	if len(batch) > 1 {
		gray = make([]float32, 0, len(batch)*len(gray))
		for _, p := range batch {
			gray = append(gray, p.gray...)
		}
	}
	// No bundle's context: a batch may hold pictures of several.
	all, err := e.net.Colorize(context.Background(), gray)
	if err != nil {
		return err
	}
	if len(all) != 3*len(gray) {
		return fmt.Errorf("running the network: want %d values, got %d", 3*len(gray), len(all))
	}
	n := len(all) / len(batch)
	for i := range batch {
		outs[i] = all[i*n : (i+1)*n : (i+1)*n]
	}
	return nil
}
