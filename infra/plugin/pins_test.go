// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"regexp"
	"strings"
	"testing"
)

func TestPins(t *testing.T) {
	t.Parallel()
	hash := regexp.MustCompile(`^[0-9a-f]{64}$`)
	path := regexp.MustCompile(`^[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}$`)
	seen := map[string]bool{}
	for kind, r := range releases() {
		if r.kind != kind || r.version == "" || len(r.wheels) == 0 {
			t.Errorf("release %s: %+v", kind, r)
		}
		if !hash.MatchString(r.library.SHA256) || r.library.Size <= 0 {
			t.Errorf("release %s: library %+v is not pinned", kind, r.library)
		}
		if _, ok := place(r.wheels[0], r.library.Path); !ok {
			t.Errorf("release %s: its library would not be unpacked", kind)
		}
		for _, w := range r.wheels {
			if !hash.MatchString(w.SHA256) || !path.MatchString(w.Path) || w.Size <= 0 {
				t.Errorf("%s: %+v is not pinned", kind, w)
			}
			if want := strings.ReplaceAll(w.Project, "-", "_") + "-" + w.Version + "-"; !strings.HasPrefix(w.File, want) {
				t.Errorf("%s: file %q is not of %s %s", kind, w.File, w.Project, w.Version)
			}
			if !strings.HasSuffix(w.File, "_x86_64.whl") {
				t.Errorf("%s: file %q is not for x86-64", kind, w.File)
			}
			if seen[w.SHA256] || seen[w.Path] {
				t.Errorf("%s: %s repeats a pin", kind, w.File)
			}
			seen[w.SHA256], seen[w.Path] = true, true
		}
	}
}
