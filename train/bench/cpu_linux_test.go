// SPDX-License-Identifier: Apache-2.0

package bench

import "testing"

func TestCPUModel(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{
			"x86", "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 85\nmodel name\t: Intel(R)  Xeon(R) @ 2.00GHz\nprocessor\t: 1\nmodel name\t: other\n",
			"Intel(R) Xeon(R) @ 2.00GHz",
		},
		{"arm", "processor\t: 0\nBogoMIPS\t: 50.00\n", ""},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		if got := cpuModel(tt.text); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
