// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/failpoint/killtest"
)

// dataVariable names the folder with the two archives of the real layouts.
const dataVariable = "CHROMABEAM_DATA"

// maxRSS is the most memory that this test's process may ever have used.
const maxRSS = 300 << 20

// TestArchives prepares real archives: 819 pictures in the layout of the
// pokemon collection, 6,000 in that of the anime faces.
func TestArchives(t *testing.T) {
	data := os.Getenv(dataVariable)
	if data == "" {
		t.Skipf("%s is not set: it must name the folder with the two archives", dataVariable)
	}
	for _, tt := range []struct {
		file   string
		preset Preset
		want   int64
	}{
		{"emoji-256-pokemon-layout.zip", PresetPokemon, 819},
		{"faces-64-anime-layout.zip", PresetAnimeFaces, 6000},
	} {
		var want map[string]string
		for _, variant := range []struct {
			runner  string
			workers int
		}{{"direct", 2}, {"direct", 1}, {"prism", 2}} {
			name := strings.Join([]string{string(tt.preset), variant.runner, strconv.Itoa(variant.workers)}, " ")
			o := Options{
				Input: filepath.Join(data, tt.file), Output: filepath.Join(t.TempDir(), "out"), Preset: tt.preset,
				ValPercent: DefaultValPercent, Seed: 1, Runner: variant.runner, Workers: variant.workers,
			}
			start := time.Now()
			s := run(t, o)
			seconds := time.Since(start).Seconds()
			if s.Samples() != tt.want || s.Rejects != 0 || s.Duplicates != 0 {
				t.Errorf("%s: summary %+v", name, s)
			}
			rss := peakRSS(t)
			t.Logf("%s: %.1f pictures/s, peak RSS of the process so far %d MiB", name, float64(s.Samples())/seconds, rss>>20)
			if rss > maxRSS && !killtest.Race {
				t.Errorf("%s: peak RSS is %d MiB, want at most %d", name, rss>>20, maxRSS>>20)
			}
			verify(t, o.Output)
			got := contents(t, o.Output)
			if want == nil {
				want = maps.Clone(got)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: files (-want +got):\n%s", name, diff)
			}
		}
	}
}

// peakRSS returns the most memory that this process has used, in bytes, or 0
// where the system does not say.
func peakRSS(t testing.TB) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	return 0
}
