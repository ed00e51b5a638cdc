// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/report/reporttest"
)

// TestBrowserPolicy shows that only the script of the package runs, and that
// the other tests would hear of a violation.
func TestBrowserPolicy(t *testing.T) {
	t.Parallel()
	b := reporttest.NewTab(t)
	const smuggled = `<script>document.title = "smuggled"</script><img src="https://example.invalid/x.png"></body>`
	b.Open(t, strings.Replace(render(t, report.SweepSample(t)), "</body>", smuggled, 1))
	expect(t, b, "epoch 12") // our own script runs all the same
	if got := reporttest.Evaluate[string](t, b, "document.title"); got != "Sweep of the gradient penalty" {
		t.Errorf("a script that is not ours ran: title %q", got)
	}
	got := b.Complained()
	for _, want := range []string{"script-src", "img-src"} {
		if !strings.Contains(got, want) {
			t.Errorf("no complaint about %s: %s", want, got)
		}
	}
}

func TestBrowserLayout(t *testing.T) {
	t.Parallel()
	b := reporttest.NewTab(t)
	page := render(t, report.AllSample(t))
	tests := []struct {
		name, scheme  string
		width, height int64
		background    string // of the page: that the scheme is the one asked for
	}{
		{"light", "light", 1200, 900, "rgb(246, 247, 249)"},
		{"dark", "dark", 1200, 900, "rgb(17, 20, 24)"},
		{"phone", "light", 390, 844, "rgb(246, 247, 249)"},
		{"dark phone", "dark", 390, 844, "rgb(17, 20, 24)"},
		{"small phone", "light", 320, 568, "rgb(246, 247, 249)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b.Media(t, "screen", tt.scheme)
			b.Do(t, chromedp.EmulateViewport(tt.width, tt.height))
			b.Open(t, page)
			expect(t, b, "epoch 12")
			if got := reporttest.Evaluate[string](t, b, "getComputedStyle(document.body).backgroundColor"); got != tt.background {
				t.Errorf("background is %s, want %s", got, tt.background)
			}
			if !reporttest.Evaluate[bool](t, b, "document.documentElement.scrollWidth <= innerWidth") {
				t.Errorf("the page is %d px wide, want at most %d", reporttest.Evaluate[int](t, b, "document.documentElement.scrollWidth"), tt.width)
			}
			// What scrolls is in a box of its own; nothing else may stick out.
			if got := reporttest.Evaluate[string](t, b, `Array.from(document.querySelectorAll("main *")).filter(e => !e.closest(".scroll, svg") &&
				e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 80)).join("\n")`); got != "" {
				t.Errorf("elements stick out:\n%s", got)
			}
			checkReach(t, b)
			if got := b.Complained(); got != "" {
				t.Errorf("the browser complained: %s", got)
			}
		})
	}
}

// checkReach asserts that the slider is in view with the first row of pictures,
// that it is high enough for a finger, and that the first column of a
// comparison stays when the runs scroll.
func checkReach(t *testing.T, b *reporttest.Tab) {
	t.Helper()
	const inView = `(() => {
		document.querySelector("section.timeline").scrollIntoView();
		const r = document.querySelector("` + slider + `").getBoundingClientRect();
		return r.top >= 0 && r.bottom <= innerHeight && r.height >= 44 && r.width >= 120;
	})()`
	if _, err := chromedp.Run(b, chromedp.Poll[bool](inView, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		t.Errorf("the slider is out of reach beside the first pictures: %v", err)
	}
	const sticks = `(() => {
		const box = document.querySelector(".comparison .scroll"), first = box.querySelector("tbody th");
		box.scrollLeft = 1e4;
		return Math.abs(first.getBoundingClientRect().left - box.getBoundingClientRect().left) < 3;
	})()`
	if !reporttest.Evaluate[bool](t, b, sticks) {
		t.Error("the first column of the comparison scrolls away")
	}
}
