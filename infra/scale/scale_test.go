// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the tables of docs/scale.md anew")

// block is a table in the page, between two comments.
var block = regexp.MustCompile(`(?s)<!-- table: (\w+) -->\n.*?<!-- end -->`)

// TestPage compares the page's tables with what is computed now.
func TestPage(t *testing.T) {
	t.Parallel()
	page := filepath.Join("..", "..", "docs", "scale.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	tables, used := Tables(), 0
	want := block.ReplaceAllFunc(text, func(old []byte) []byte {
		name := string(block.FindSubmatch(old)[1])
		table, ok := tables[name]
		if !ok {
			t.Errorf("the page wants a table %q", name)
		}
		used++
		return fmt.Appendf(nil, "<!-- table: %s -->\n%s<!-- end -->", name, table)
	})
	if used != len(tables) {
		t.Errorf("the page has %d tables of %d", used, len(tables))
	}
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("docs/scale.md is not what the inputs give; run go test ./infra/scale -update (-computed +page):\n%s", diff)
	}
}

// TestMeasured computes what was measured: a machine of the measured cores.
func TestMeasured(t *testing.T) {
	t.Parallel()
	here := Machine{VCPUs: 2 / corePerVCPU, Gbit: 10}
	for _, tt := range []struct {
		p    Picture
		n    Network
		want float64 // pictures/s
	}{{pictures[0], networks[0], 48}, {pictures[2], networks[0], 17}, {pictures[0], networks[1], 5.8}} {
		got, side := here.Rate(tt.p, tt.n)
		if math.Abs(got/tt.want-1) > 0.15 || side != SideCPU {
			t.Errorf("%s with %s: %.1f pictures/s bound by %s, measured were %.1f", tt.p.Name, tt.n.Name, got, side, tt.want)
		}
	}
}

func TestSides(t *testing.T) {
	t.Parallel()
	p, n := Picture{CPU: 0.1, In: 1e6, Out: 2e6}, Network{FLOPs: 10e9}
	for _, tt := range []struct {
		m    Machine
		want Side
	}{
		{Machine{VCPUs: 4, Gbit: 10, L4: true}, SideCPU},
		{Machine{VCPUs: 1000, Gbit: 100, L4: true}, SideDevice},
		{Machine{VCPUs: 1000, Gbit: 1, L4: true}, SideNetwork},
	} {
		if rate, side := tt.m.Rate(p, n); side != tt.want || rate <= 0 {
			t.Errorf("%+v: %.1f pictures/s bound by %s, want %s", tt.m, rate, side, tt.want)
		}
	}
	busy := Machine{VCPUs: Feeding(p, n, useMiddle), Gbit: 100, L4: true}
	if rate, _ := busy.Rate(p, n); math.Abs(rate/n.DeviceRate(useMiddle)-1) > 1e-9 {
		t.Errorf("the vCPUs that feed an L4 give %.1f pictures/s, the L4 %.1f", rate, n.DeviceRate(useMiddle))
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ n, files float64 }{{1, 1}, {4096, 1}, {4097, 2}, {32 * 4096, 32}, {32*4096 + 8192, 33}, {1e8, 1624}} {
		if got := ListingFiles(tt.n); got != tt.files {
			t.Errorf("a listing of %.0f has %.0f files, want %.0f", tt.n, got, tt.files)
		}
	}
	if got, want := Bulk(2600), (Requests{A: 2600 + 2*3 + 2 + 3, B: 2600 + 2*3 + 3*3}); got != want {
		t.Errorf("bulk of 2600: %+v, want %+v", got, want)
	}
	for _, tt := range []struct{ n, first, asked, want float64 }{
		{3600e3, 1000, 1000, 1}, {3600e3, 1000, 500, 2}, {1200e3 + 2400e3, 1000, 2000, 2. / 3}, {600e3, 1000, 64000, 1. / 6},
	} {
		if got := RampHours(tt.n, tt.first, tt.asked); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%.0f requests take %.3f h, want %.3f", tt.n, got, tt.want)
		}
	}
}
