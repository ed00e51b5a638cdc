// SPDX-License-Identifier: Apache-2.0

package model

import (
	"strings"
	"testing"
)

func TestElsewhere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		backend string
		p, want Precision
		same    bool // as the weights' own hash
		err     string
	}{
		{BackendGo, PrecisionAuto, PrecisionFloat32, true, ""},
		{BackendCPU, "", PrecisionFloat32, true, ""},
		{BackendCUDA, PrecisionAuto, PrecisionTF32, false, ""},
		{BackendCUDA, PrecisionFloat32, PrecisionFloat32, true, ""},
		{BackendCUDA, PrecisionBFloat16, PrecisionBFloat16, false, ""},
		{BackendCPU, PrecisionTF32, "", false, "it has no tf32"},
		{BackendGo, PrecisionBFloat16, "", false, "it has no bfloat16"},
	}
	for _, tt := range tests {
		hash, got, err := Elsewhere("weights", tt.backend, tt.p)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s in %q: error %v, want %q", tt.backend, tt.p, err, tt.err)
			}
			continue
		}
		if err != nil || got != tt.want || (hash == "weights") != tt.same {
			t.Errorf("%s in %q: %q, %q, %v", tt.backend, tt.p, hash, got, err)
		}
	}
}
