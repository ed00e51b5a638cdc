// SPDX-License-Identifier: Apache-2.0

//go:build race

package prepare

// raceEnabled is whether the race detector, which needs much memory, is on.
const raceEnabled = true
