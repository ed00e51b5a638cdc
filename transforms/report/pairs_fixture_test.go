// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// solid is a picture of one color.
func solid(t testing.TB, w, h int, c color.Color) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := asPNG(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// awkwardNames are such as a page must survive.
func awkwardNames() []string {
	return []string{
		"scans/plate-00017.tif", `<b>&"quoted" 'single'</b>.jpg`, "写真/家族の写真.jpg", //nolint:gosmopolitan // names may be in any script
		strings.Repeat("a-long-name-without-a-space/", 40) + "x.png",
		"turned/\u202egnp.exe", "\xff\x00.jpg", "", "strip.png", "column.png",
	}
}

// samplePairs are gray before and red after, so that a test sees which is shown
// where; the last have extreme shapes, and one pair differs in size.
func samplePairs(t testing.TB) Pairs {
	t.Helper()
	gray, red := color.Gray{128}, color.RGBA{255, 0, 0, 255}
	v := Pairs{Title: "Before and after", Note: "Drag the line, or move it with the arrow keys."}
	for i, name := range awkwardNames() {
		w, h := 200, 120
		switch name {
		case "strip.png":
			w, h = 256, 1
		case "column.png":
			w, h = 1, 256
		}
		p := Pair{Caption: name, Before: Picture{Data: solid(t, w, h, gray)}, After: Picture{Data: solid(t, w, h, red)}}
		if i == 1 {
			p.Before.Label, p.After.Label = "scan", "coloured"
		}
		v.Items = append(v.Items, p)
	}
	v.Items = append(v.Items, Pair{Caption: "cropped.jpg", Before: Picture{Data: solid(t, 200, 120, gray)}, After: Picture{Data: solid(t, 200, 100, red)}})
	return v
}

// JobSample is the page of a bulk job. It is exported for the tests in a browser.
func JobSample(t testing.TB) Page {
	t.Helper()
	var x, y []float64
	for i := range 60 {
		x, y = append(x, float64(i)), append(y, 40+8*math.Sin(float64(i)/3))
	}
	rejects := Rejects{Title: "Rejected pictures", Note: "All of them are in rejects.jsonl.", Total: 41_828}
	for i, name := range awkwardNames() {
		rejects.Items = append(rejects.Items, fault.Reject{Source: name, Stage: fault.StageDecode, Reason: "damage of kind " + strings.Repeat("<&\">", i*i), Transient: i%2 == 0})
	}
	for i := range 20 {
		rejects.Reasons = append(rejects.Reasons, Reason{Stage: fault.StageDecode, Reason: fmt.Sprintf("kind %d: %s", i, strings.Repeat("it cannot be told ", i)), Count: int64(9000 / (i*i + 1))})
	}
	return Page{
		Title: `Colouring of <"scans">`, Lead: "This run coloured 958,172 pictures in 5h46m.", Footer: "chromabeam 0.6.0",
		Facts: []Fact{{"coloured", "958,172", "of 1,000,000 pictures"}, {"rejected", "41,828", "4.2%, reasons below"}, {"device busy", "93%", ""}},
		Sections: []Section{
			Curves{Title: "Throughput", Charts: []Chart{{
				Title: "Pictures a second", XLabel: "minutes", FromZero: true, Summary: "between 32.0 and 48.0 over 60 minutes", Series: []Series{{X: x, Y: y}},
			}}},
			Breakdown{
				Title: "Time by stage", Note: "The device set the pace.", Columns: []string{"Stage", "Seconds", "Share"},
				Parts: []Part{{"reading", []string{"30.00", "10%"}, 0.1}, {"network", []string{"270.00", "90%"}, 0.9}, {"writing", []string{"0.00", "0%"}, 0}},
			},
			samplePairs(t),
			rejects,
		},
	}
}
