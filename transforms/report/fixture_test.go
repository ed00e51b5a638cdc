// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"
)

// tinted draws a sphere whose color is there to a share of it, as a model
// learns to color over the epochs.
func tinted(t testing.TB, side int, hue, share float64) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	half := float64(side) / 2
	for y := range side {
		for x := range side {
			dx, dy := (float64(x)-half)/half, (float64(y)-half)/half
			luma, chroma := 150.0+40*dy, 10.0
			if r := dx*dx + dy*dy; r < 0.7 {
				luma, chroma = 225-130*math.Hypot(dx+0.3, dy+0.3), 60
			}
			cb, cr := share*chroma*math.Cos(hue), share*chroma*math.Sin(hue)
			r, g, b := color.YCbCrToRGB(uint8(luma), uint8(128+cb), uint8(128+cr))
			m.Set(x, y, color.RGBA{r, g, b, 255})
		}
	}
	var b bytes.Buffer
	if err := asPNG(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sampleTimeline has a frame for each of moments epochs.
func sampleTimeline(t testing.TB, moments int) Timeline {
	t.Helper()
	v := Timeline{Title: "Samples over the epochs", Note: "The same pictures after each epoch; the last is shown first."}
	for e := range moments {
		v.Frames = append(v.Frames, fmt.Sprintf("epoch %d", e+1))
	}
	for i := range 6 {
		hue := float64(i) * 1.1
		item := TimelineItem{
			Caption: fmt.Sprintf("faces/%05d.png", 1370+i*811),
			Before:  []Picture{{Label: "gray", Data: tinted(t, 64, hue, 0)}},
			After:   []Picture{{Label: "true", Data: tinted(t, 64, hue, 1)}},
		}
		for e := range moments {
			share := 1 - math.Exp(-3*float64(e+1)/float64(moments))
			item.Frames = append(item.Frames, Picture{Data: tinted(t, 64, hue+0.6*(1-share), share)})
		}
		v.Items = append(v.Items, item)
	}
	return v
}

// sampleComparison has a column for each of six runs, and a run that diverged.
func sampleComparison(t testing.TB) Comparison {
	t.Helper()
	v := Comparison{Title: "The same pictures under every run", Note: "Validation pictures, after the last epoch.", Columns: runNames()}
	for i := range 3 {
		hue := float64(i) * 1.7
		row := ComparisonRow{
			Caption: fmt.Sprintf("faces/%05d.png", 1370+i*811),
			Before:  []Picture{{Label: "gray", Data: tinted(t, 64, hue, 0)}, {Label: "true", Data: tinted(t, 64, hue, 1)}},
		}
		for j := range v.Columns {
			row.Pictures = append(row.Pictures, Picture{Label: fmt.Sprintf("%.1f dB", 21.4+float64(j)), Data: tinted(t, 64, hue+0.1*float64(j), 1-0.15*float64(j))})
		}
		row.Pictures[4] = Picture{}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func runNames() []string {
	return []string{"lambda 0", "lambda 0.1", "lambda 1", "lambda 10", "lambda 100", "lambda 10 with instance noise"}
}

// sweepCurves has charts of eight series, of pairs, and of one that diverges.
func sweepCurves() Curves {
	var eight, pairs []Series
	names := append(runNames(), "lambda 10, two critic steps", "a-name-that-is-as-long-as-names-of-runs-get-and-has-no-space-in-it")
	for i, name := range names {
		var x, train, val []float64
		for e := range 40 {
			at := float64(e)
			y := 0.5*math.Exp(-at/(6+2*float64(i))) + 0.05 + 0.012*float64(i) + 0.004*math.Sin(at*1.3+float64(i))
			if i == 4 && e >= 22 {
				y = math.NaN()
			}
			x, train, val = append(x, at), append(train, y), append(val, y*1.12+0.01)
		}
		eight = append(eight, Series{Name: name, X: x, Y: train})
		if i < 6 {
			pairs = append(pairs, Series{Name: name, X: x, Y: train}, Series{Name: "validation", X: x, Y: val, Dashed: true})
		}
	}
	return Curves{Title: "Learning curves of all runs", Note: "One run diverged after 22 epochs.", Charts: []Chart{
		{Title: "L1 loss", XLabel: "epoch", YLabel: "L1", Series: eight},
		{Title: "L1 loss, training and validation", XLabel: "epoch", YLabel: "L1", LogY: true, Series: pairs},
	}}
}

// SweepSample is a page of a sweep, with all that [sample] lacks. It is
// exported for the tests in a browser.
func SweepSample(t testing.TB) Page {
	t.Helper()
	return Page{
		Title: "Sweep of the gradient penalty", Lead: "Six runs of 40 epochs each; the best is lambda 10.", Footer: "chromabeam 0.1.0",
		Facts: []Fact{{"runs", "6", "one diverged"}, {"best PSNR", "26.4 dB", "lambda 10"}, {"epochs", "40", ""}},
		Sections: []Section{
			Table{
				Title:   "Results",
				Columns: []Column{{Name: "Run"}, {Name: "L1", Numeric: true}, {Name: "PSNR, dB", Numeric: true}, {Name: "Seconds an epoch", Numeric: true}},
				Rows:    [][]string{{"lambda 0", "0.081", "24.1", "31.0"}, {"lambda 1", "0.078", "24.9", "44.2"}, {"lambda 10", "0.071", "26.4", "44.6"}},
				Best:    []Cell{{2, 1}, {2, 2}, {0, 3}},
			},
			sampleTimeline(t, 12),
			sampleComparison(t),
			sweepCurves(),
		},
	}
}

// AllSample is [SweepSample] with the sections of [sample] after its own.
func AllSample(t testing.TB) Page {
	t.Helper()
	p := SweepSample(t)
	p.Sections = append(p.Sections, sample(t).Sections...)
	return p
}

func labelled(t testing.TB, label string) []Picture {
	return []Picture{{Label: label, Data: picture(t, 2, true, asPNG)}}
}
