// SPDX-License-Identifier: Apache-2.0

package bench

import "syscall"

func cpuName() string {
	name, err := syscall.Sysctl("machdep.cpu.brand_string")
	if err != nil {
		return ""
	}
	return name
}
