// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin

package bench

// peakMemory is not known here.
func peakMemory() int64 { return 0 }
