// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestMeasureEqual(t *testing.T) {
	p := photo(20, 30)
	want := Quality{L1: 0, PSNR: MaxPSNR, SSIM: 1, Colorfulness: Colorfulness(p), CIEDE2000: 0}
	if diff := cmp.Diff(want, Measure(p, p)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestQualityJSON(t *testing.T) {
	got, err := json.Marshal(Quality{L1: 0.5, PSNR: 30, SSIM: 0.75, Colorfulness: 40, CIEDE2000: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"l1":0.5,"psnr":30,"ssim":0.75,"colorfulness":40,"ciede2000":2}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestQualityMean(t *testing.T) {
	var mean Quality
	mean.Divide(0)
	if diff := cmp.Diff(Quality{}, mean); diff != "" {
		t.Errorf("mean of none (-want +got)\n%s", diff)
	}
	mean.Add(Quality{L1: 1, PSNR: 20, SSIM: 0.5, Colorfulness: 8, CIEDE2000: 3})
	mean.Add(Quality{L1: 0, PSNR: 30, SSIM: -0.25, Colorfulness: 2, CIEDE2000: 6})
	mean.Divide(2)
	want := Quality{L1: 0.5, PSNR: 25, SSIM: 0.125, Colorfulness: 5, CIEDE2000: 4.5}
	if diff := cmp.Diff(want, mean); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestColorfulness has what Hasler and Süsstrunk's M3 gives by hand, with
// rg = R-G and yb = (R+G)/2-B.
func TestColorfulness(t *testing.T) {
	for _, c := range []struct {
		name string
		pix  []uint8
		want float64
	}{
		// No deviation: 0.3 times the length of the mean (255, 127.5).
		{"red", []uint8{255, 0, 0}, 0.3 * math.Hypot(255, 127.5)},
		// (255, 127.5) and its opposite: no mean, and deviations of 255 and 127.5.
		{"red and cyan", []uint8{255, 0, 0, 0, 255, 255}, math.Hypot(255, 127.5)},
		// yb is 255 and 0: mean and deviation 127.5.
		{"yellow and white", []uint8{255, 255, 0, 255, 255, 255}, 1.3 * 127.5},
		{"grays", []uint8{3, 3, 3, 200, 200, 200}, 0},
		{"none", nil, 0},
	} {
		got := Colorfulness(&RGB{Pix: c.pix, Width: len(c.pix) / 3, Height: 1})
		if diff := cmp.Diff(c.want, got, cmpopts.EquateApprox(1e-14, 0)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
}

// BenchmarkMetrics compares a picture with its washed-out copy, so that no
// pixel is equal, and reports nanoseconds a pixel.
func BenchmarkMetrics(b *testing.B) {
	for _, side := range []int{64, 256} {
		truth := photo(side, side)
		made := NewRGB(side, side)
		for i, v := range truth.Pix {
			made.Pix[i] = v/2 + 60
		}
		for _, m := range []struct {
			name string
			f    func()
		}{
			{"L1", func() { L1(made, truth) }},
			{"PSNR", func() { PSNR(made, truth) }},
			{"SSIM", func() { SSIM(made, truth) }},
			{"Colorfulness", func() { Colorfulness(made) }},
			{"CIEDE2000", func() { CIEDE2000(made, truth) }},
			{"Measure", func() { Measure(made, truth) }},
		} {
			b.Run(fmt.Sprintf("%s-%d", m.name, side), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					m.f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*side*side), "ns/px")
			})
		}
	}
}
