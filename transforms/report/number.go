// SPDX-License-Identifier: Apache-2.0

package report

import "strconv"

// Grouped prints a count with a comma before every three digits, such as
// "41,828,995".
func Grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
