// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"os"
	"strings"
)

func cpuName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	return cpuModel(string(text))
}

// cpuModel finds the first processor's name in the kernel's description of them,
// empty where it holds none, as on most ARM machines.
func cpuModel(text string) string {
	for line := range strings.Lines(text) {
		key, value, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(key) == "model name" {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
}
