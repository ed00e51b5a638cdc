// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"os"
	"syscall"
)

// maxRSSOf returns the most memory that a process has used, in bytes.
func maxRSSOf(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}
