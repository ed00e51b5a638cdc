// SPDX-License-Identifier: Apache-2.0

package report

import "testing"

func TestGrouped(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 54_413_955: "54,413,955", -123: "-123", -1234: "-1,234",
	} {
		if got := Grouped(n); got != want {
			t.Errorf("Grouped(%d) = %q, want %q", n, got, want)
		}
	}
}
