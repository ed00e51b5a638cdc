// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"
	"fmt"
)

// ErrDeviceMemory says that the device has too little memory for a batch: a
// smaller one may fit, see [Colorizer.Shrink].
var ErrDeviceMemory = errors.New("the device's memory is used up")

// memoryError marks a backend's error as [ErrDeviceMemory] where it says that.
func memoryError(err error) error {
	if OutOfMemory(err) && !errors.Is(err, ErrDeviceMemory) {
		return fmt.Errorf("%w: %w", ErrDeviceMemory, err)
	}
	return err
}

// stepFor returns how many pictures one execution computes where n are wanted.
func (c *Colorizer) stepFor(n int) int {
	switch {
	case c.backend.Name == BackendGo:
		// Its matrix product rounds a row differently by the row's place in
		// the matrix, and gains nothing from more rows.
		return 1
	case c.backend.Name == BackendCPU && n > 1:
		// So does XLA's for the rows beyond the last whole vector of 8, on some
		// processors.
		return (n + 7) / 8 * 8
	}
	return n
}

// Shrink halves the number of pictures in one execution and compiles the network
// for that, after an [ErrDeviceMemory]; it goes on to halve it where that does not
// fit either. It returns the new number, and an error where there is none below.
// Batch stays: Colorize takes as many as before, in several executions.
func (c *Colorizer) Shrink() (batch int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.store == nil {
		return 0, errClosed
	}
	err = fmt.Errorf("%w: one picture alone is too large", ErrDeviceMemory)
	for c.step > 1 && errors.Is(err, ErrDeviceMemory) {
		less := c.stepFor(c.step / 2)
		if less == c.step { // XLA's CPU back end has no step between 8 and 1
			less = 1
		}
		c.step = less
		c.dropExec() // before another takes its place
		if err = c.compile(); err == nil {
			return c.step, nil
		}
	}
	return 0, err
}

// dropExec releases the compiled network.
func (c *Colorizer) dropExec() {
	if c.exec != nil {
		c.exec.Finalize()
		c.exec = nil
	}
}
