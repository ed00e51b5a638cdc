// SPDX-License-Identifier: Apache-2.0

package bench

import "testing"

func TestFirstDevice(t *testing.T) {
	t.Parallel()
	tests := []struct{ visible, want string }{
		{"", "0"}, {"2", "2"}, {"3,1", "3"}, {" 1 , 0", "1"}, {"GPU-5ec2f1a0,GPU-0", "GPU-5ec2f1a0"},
	}
	for _, tt := range tests {
		if got := firstDevice(tt.visible); got != tt.want {
			t.Errorf("CUDA_VISIBLE_DEVICES=%q: device %q, want %q", tt.visible, got, tt.want)
		}
	}
}

func TestParseMemory(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want int64
		bad  bool
	}{
		{text: "1234\n", want: 1234 << 20},
		{text: "[N/A]\n", bad: true},
		{text: "", bad: true},
		{text: "1\n2\n", bad: true},
		{text: "-3", bad: true},
	}
	for _, tt := range tests {
		got, err := parseMemory(tt.text)
		if got != tt.want || (err != nil) != tt.bad {
			t.Errorf("parseMemory(%q) = %d, %v, want %d, error %t", tt.text, got, err, tt.want, tt.bad)
		}
	}
}

func TestPeakMemory(t *testing.T) {
	t.Parallel()
	if got := peakMemory(); got != 0 && (got < 1<<20 || got > 1<<40) {
		t.Errorf("the peak is %d bytes, which is no process's", got)
	}
}
