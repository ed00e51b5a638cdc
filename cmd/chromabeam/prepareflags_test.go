// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestParseShardSize(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text            string
		pictures, bytes int64
		ok              bool
	}{
		{"", 0, 0, true},
		{"1000", 1000, 0, true},
		{"256MB", 0, 256e6, true},
		{"256 mib", 0, 256 << 20, true},
		{"2GiB", 0, 2 << 30, true},
		{"64KB", 0, 64e3, true},
		{"0", 0, 0, false},
		{"-5", 0, 0, false},
		{"MB", 0, 0, false},
		{"1.5GB", 0, 0, false},
		{"9000000000000GB", 0, 0, false},
		{"12 pictures", 0, 0, false},
	}
	for _, tt := range tests {
		pictures, bytes, err := parseShardSize(tt.text)
		if (err == nil) != tt.ok || pictures != tt.pictures || bytes != tt.bytes {
			t.Errorf("parseShardSize(%q) = %d, %d, %v", tt.text, pictures, bytes, err)
		}
	}
}
