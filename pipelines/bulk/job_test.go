// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"path/filepath"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// TestRejectHash: every limit leaves its trace, however large it is.
func TestRejectHash(t *testing.T) {
	t.Parallel()
	seen := map[string]pixel.Limits{}
	for _, l := range []pixel.Limits{
		{MaxPixels: 100_000_000, MaxBytes: 1 << 28}, {MaxPixels: 200_000_000, MaxBytes: 1 << 28},
		{MaxPixels: 100_000_000, MaxBytes: 1 << 29}, {MaxPixels: 65, MaxBytes: 1 << 28},
	} {
		hash := job{Format: FormatSame, Quality: 90}.rejectHash(l)
		if other, ok := seen[hash]; ok {
			t.Errorf("limits %+v and %+v have one hash", l, other)
		}
		seen[hash] = l
	}
}

// TestRaisedLimits: a picture that was too large is tried again, and coloured,
// once it is allowed; with the limits as they were it is not.
func TestRaisedLimits(t *testing.T) {
	t.Parallel()
	// Above the last rune, where a careless rendering makes all numbers equal.
	const side = 1100
	pictures := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1)), "large.png": pngBytes(t, gray(side, side, 2))})
	for _, output := range []string{"out", "out.zip"} {
		o := tiny(t, pictures, filepath.Join(t.TempDir(), output))
		o.Limits.MaxPixels = side*side - 1
		wantCounts(t, mustRun(t, o), counts{2, 1, 0, 1})
		wantCounts(t, mustRun(t, o), counts{2, 1, 1, 1})
		o.Limits.MaxPixels = side * side
		wantCounts(t, mustRun(t, o), counts{2, 2, 1, 0})
	}
}

// TestTeardownWithoutSetup: a runner tears down what it could not set up.
func TestTeardownWithoutSetup(t *testing.T) {
	t.Parallel()
	if err := (&colorizeFn{}).Teardown(); err != nil {
		t.Error(err)
	}
	if err := (&partFn{}).Teardown(); err != nil {
		t.Error(err)
	}
}
