// SPDX-License-Identifier: Apache-2.0

//go:build !race

package killtest

// Race is whether the race detector is on, which needs much memory and time.
const Race = false
