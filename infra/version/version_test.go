// SPDX-License-Identifier: Apache-2.0

package version

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	settings := func(pairs ...string) []debug.BuildSetting {
		var list []debug.BuildSetting
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
		}
		return list
	}
	tests := []struct {
		name  string
		tag   string
		build *debug.BuildInfo
		want  string
	}{
		{"no build information", "", nil, "devel"},
		{"a clean commit", "", &debug.BuildInfo{Settings: settings("vcs.revision", "0123456789abcdef")}, "devel-0123456789ab"},
		{"a short revision", "", &debug.BuildInfo{Settings: settings("vcs.revision", "0123")}, "devel-0123"},
		{"a changed tree", "", &debug.BuildInfo{
			Settings: settings("vcs.revision", "0123456789abcdef", "vcs.modified", "true"),
		}, "devel-0123456789ab+changes"},
		{"a release", "v1.2.3", &debug.BuildInfo{Settings: settings("vcs.revision", "0123456789abcdef")}, "v1.2.3"},
		{"go install at a version", "", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3"},
		{"a pre-release", "", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3-rc1"}}, "v1.2.3-rc1"},
		{"a pseudo-version", "", &debug.BuildInfo{Main: debug.Module{Version: "v0.0.0-20260101000000-0123456789ab"}}, "devel"},
		{"a pseudo-version after a release", "", &debug.BuildInfo{
			Main: debug.Module{Version: "v1.2.4-0.20260101000000-0123456789ab"},
		}, "devel"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := describe(tt.tag, tt.build).Short(); got != tt.want {
				t.Errorf("describe(%q).Short() = %q, want %q", tt.tag, got, tt.want)
			}
		})
	}
}

func TestDescribeModules(t *testing.T) {
	t.Parallel()
	info := describe("v1.0.0", &debug.BuildInfo{Deps: []*debug.Module{
		{Path: "github.com/gomlx/gomlx", Version: "v0.28.8"},
		{Path: "github.com/gomlx/go-xla", Version: "v0.4.4", Replace: &debug.Module{Path: "../go-xla", Version: "v0.4.5"}},
		{Path: "example.org/other", Version: "v9.9.9"},
	}})
	got := info.String()
	for _, want := range []string{"chromabeam v1.0.0 (", "gomlx v0.28.8", "go-xla v0.4.5", info.Platform} {
		if !strings.Contains(got, want) {
			t.Errorf("String() = %q, without %q", got, want)
		}
	}
	if strings.Contains(got, "v9.9.9") {
		t.Errorf("String() = %q names a library that does not matter", got)
	}
}
