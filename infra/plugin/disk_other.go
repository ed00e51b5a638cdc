// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin

package plugin

func freeDisk(string) (free uint64, ok bool) { return 0, false }
