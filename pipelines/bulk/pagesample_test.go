// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// scene draws a landscape of which a share of the colour is there.
func scene(t testing.TB, w, h int, hue, share float64) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(w), float64(y)/float64(h)
			luma, cb, cr := 190-60*v, 30*math.Cos(hue), 30*math.Sin(hue)
			if v > 0.55+0.12*math.Sin(7*u+hue) {
				luma, cb, cr = 110-50*v+25*math.Sin(40*u), -20, -18
			}
			if math.Hypot((u-0.3)*float64(w)/float64(h), v-0.35) < 0.16 {
				luma, cb, cr = 235, -70, 25
			}
			r, g, b := color.YCbCrToRGB(uint8(luma), uint8(128+share*cb), uint8(128+share*cr))
			m.Set(x, y, color.RGBA{r, g, b, 255})
		}
	}
	data, err := inference.Thumbnail(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// awkward are names that a page must survive.
func awkward(i int) string {
	switch i % 6 {
	case 0:
		return fmt.Sprintf("scans/1943/box %02d/plate-%05d.tif", i%40, i)
	case 1:
		return fmt.Sprintf(`<b>&"quoted" 'single'</b>/%d<script>alert(1)</script>.jpg`, i)
	case 2:
		return fmt.Sprintf("写真/昭和十八年/家族の写真-%d.jpg", i) //nolint:gosmopolitan // archives hold such names
	case 3:
		return strings.Repeat("a-very-long-name-without-a-space/", 40) + fmt.Sprint(i) + ".png"
	case 4:
		return fmt.Sprintf("фото/\u202egnp.%d/é́\xff🖼.png", i)
	default:
		return fmt.Sprintf("%d.jpg in gs://archive/2024 (part %d).tar", i, i%9)
	}
}

func sampleRejects(n int) []fault.Reject {
	reasons := []fault.Reject{
		{Stage: fault.StageDecode, Reason: "truncated JPEG: unexpected EOF"},
		{Stage: fault.StageDecode, Reason: "JPEG 2000: convert it first"},
		{Stage: fault.StageDecode, Reason: "TIFF with %d pages: split it, a coloured picture has one"},
		{Stage: fault.StageRead, Reason: "the file has %d bytes, the limit is 100"},
		{Stage: fault.StageRead, Reason: `the server answered "503 Service Unavailable" %d times`, Transient: true},
		{Stage: fault.StageWrite, Reason: "the output has no place for this name", Transient: true},
		{Stage: fault.StageInfer, Reason: "the network failed: <RESOURCE_EXHAUSTED> & \"out of memory\"", Transient: true},
	}
	var out []fault.Reject
	for i := range n {
		r := reasons[(i*i/3+i)%len(reasons)]
		if i%11 == 0 { // no two alike
			r.Reason = fmt.Sprintf("damage of kind %c%c%c: "+strings.Repeat("it cannot be told what ", 10), 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26)
		}
		if strings.Contains(r.Reason, "%d") {
			r.Reason = fmt.Sprintf(r.Reason, i)
		}
		r.Source = awkward(i)
		out = append(out, r)
	}
	return out
}

// sampleRecord is the record of a job of n pictures, a twentieth of them rejects.
func sampleRecord(n int64) (reportRecord, []fault.Reject) {
	random := rand.New(rand.NewPCG(3, 4))
	rejects := sampleRejects(int(n / 20))
	left := n / 100
	colored := n - int64(len(rejects)) - left
	t := totals{
		Colored: colored, Left: left, Rejects: int64(len(rejects)), Kept: colored / 2, Recoded: colored / 4, PNG: colored / 4, Batches: colored / 8,
		Inferences: colored, FailedBatches: 2, Halved: 16, BytesIn: n * 2_400_000, BytesOut: n * 2_100_000,
		ReadNS: n * 3e6, DecodeNS: n * 21e6, InferNS: n * 4e6, EncodeNS: n * 16e6, StoreNS: n * 1e6,
	}
	pipeline := float64(n) / 48
	at := noon
	for range n {
		at = at.Add(time.Duration(random.ExpFloat64() * float64(time.Second) / 48))
		t.Timeline.count(at, 2_100_000)
	}
	r := reportRecord{
		Summary: Summary{Pictures: n, Colored: colored, Left: left, Rejects: int64(len(rejects)), Seconds: pipeline + 2.4, PicturesPerSecond: 47.5},
		Model:   "builtin", Precision: "float32",
		Job: job{Input: `/archive/1943 <"scans">`, Backend: "xla:cpu"}, Batch: 8, Workers: 2, Runner: "direct",
		Bytes: t.BytesOut, Pixels: n * 2e6, Reasons: byReason(rejects), Work: t.deeds(),
		Timings: t.timings(1900*time.Millisecond, pipeline), Busy: t.utilization("direct", pipeline, 1, 2),
		Rates: t.Timeline.throughput(), Tool: "0.6.0", Machine: machineLabel{"linux", "amd64", 2}, timeline: t.Timeline,
	}
	return r, rejects
}

func samplePairs(t testing.TB) []report.Pair {
	t.Helper()
	var out []report.Pair
	for i := range maxPairs {
		w, h := 256, 170
		switch i {
		case 3:
			w, h = 150, 256
		case 7:
			w, h = 256, 1 // a strip of 5000 x 1
		case 9:
			w, h = 1, 256
		case 12:
			w, h = 32, 32
		}
		hue := float64(i)
		out = append(out, report.Pair{
			Caption: awkward(i), Before: report.Picture{Data: scene(t, w, h, hue, 0)}, After: report.Picture{Data: scene(t, w, h, hue, 1)},
		})
	}
	return out
}

var sampleSettings = [][]string{{"input", `/archive/1943 <"scans">`}, {"output", strings.Repeat("/long", 300)}, {"batch", "8"}}
