// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/report/reporttest"
)

func TestBrowserDataset(t *testing.T) {
	t.Parallel()
	b := reporttest.NewTab(t)
	var page bytes.Buffer
	if err := report.Render(&page, report.DatasetSample(t)); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, scheme  string
		width, height int64
		background    string
		columns       int // of the contact sheet
	}{
		{"light", "light", 1200, 900, "rgb(246, 247, 249)", 6},
		{"dark", "dark", 1200, 900, "rgb(17, 20, 24)", 6},
		{"phone", "light", 390, 844, "rgb(246, 247, 249)", 2},
		{"small dark phone", "dark", 320, 568, "rgb(17, 20, 24)", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b.Media(t, "screen", tt.scheme)
			b.Do(t, chromedp.EmulateViewport(tt.width, tt.height))
			b.Open(t, page.String())
			if got := reporttest.Evaluate[string](t, b, "getComputedStyle(document.body).backgroundColor"); got != tt.background {
				t.Errorf("background is %s, want %s", got, tt.background)
			}
			if got := reporttest.Evaluate[string](t, b, `Array.from(document.querySelectorAll("main *")).filter(e => !e.closest(".scroll, svg") &&
				e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 80)).join("\n")`); got != "" {
				t.Errorf("elements stick out:\n%s", got)
			}
			if got := reporttest.Evaluate[int](t, b, `getComputedStyle(document.querySelector(".tiles")).gridTemplateColumns.split(" ").length`); got != tt.columns {
				t.Errorf("the contact sheet has %d columns, want %d", got, tt.columns)
			}
			checkDrawings(t, b)
			if got := b.Complained(); got != "" {
				t.Errorf("the browser complained: %s", got)
			}
		})
	}
}

// checkDrawings asserts that captions keep to their line, that what a histogram
// draws is inside its drawing, and that its labels do not lie on each other.
func checkDrawings(t *testing.T, b *reporttest.Tab) {
	t.Helper()
	for _, want := range []struct{ name, script string }{
		{"captions of more than a line", `document.querySelectorAll(".tile figcaption").length > 0 &&
			Array.from(document.querySelectorAll(".tile figcaption")).every(c => c.getBoundingClientRect().height < 24)`},
		{"drawings that leave their frame", `document.querySelectorAll(".bar").length > 20 &&
			Array.from(document.querySelectorAll(".plot .bar, .plot .outline, .plot text")).every(e => {
				const box = e.closest("svg").getBoundingClientRect(), r = e.getBoundingClientRect();
				return r.left >= box.left - 1 && r.right <= box.right + 1 && r.top >= box.top - 1 && r.bottom <= box.bottom + 1;
			})`},
		{"labels on each other", `Array.from(document.querySelectorAll(".histograms .plot")).every(svg => {
				const r = Array.from(svg.querySelectorAll('.tick[text-anchor="middle"]')).map(e => e.getBoundingClientRect());
				return r.length > 2 && r.every((a, i) => i === 0 || r[i - 1].right < a.left);
			})`},
		{"swatches without their color", `Array.from(document.querySelectorAll(".colors li")).every(li =>
			li.querySelector("rect").getAttribute("fill") === li.querySelector("code").textContent && li.querySelector("svg").getBoundingClientRect().width === 40)`},
	} {
		if !reporttest.Evaluate[bool](t, b, want.script) {
			t.Errorf("there are %s", want.name)
		}
	}
}
