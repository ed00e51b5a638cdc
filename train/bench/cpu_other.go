// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin

package bench

func cpuName() string { return "" }
