// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/chromabeam/chromabeam/transforms/report/reporttest"
)

// TestBrowser shows the page in sizes and schemes: nothing sticks out, every picture
// beside it loads, and nothing is asked for elsewhere.
func TestBrowser(t *testing.T) {
	t.Parallel()
	b := reporttest.NewTab(t)
	out := t.TempDir()
	written(t, Options{Runs: []string{study(t)}, Output: out})
	// The page runs no script of its own; the test's are not the page's.
	tests := []struct {
		name, scheme  string
		width, height int64
		background    string
	}{
		{"light", "light", 1200, 900, "rgb(246, 247, 249)"},
		{"dark", "dark", 1200, 900, "rgb(17, 20, 24)"},
		{"phone", "light", 390, 844, "rgb(246, 247, 249)"},
		{"small dark phone", "dark", 320, 568, "rgb(17, 20, 24)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b.Media(t, "screen", tt.scheme)
			b.Do(t, chromedp.EmulateViewport(tt.width, tt.height))
			b.Show(t, filepath.Join(out, "index.html"))
			if got := reporttest.Evaluate[string](t, b, "getComputedStyle(document.body).backgroundColor"); got != tt.background {
				t.Errorf("background is %s, want %s", got, tt.background)
			}
			if got := b.StickingOut(t); got != "" {
				t.Errorf("elements stick out:\n%s", got)
			}
			if !reporttest.Evaluate[bool](t, b, "document.documentElement.scrollWidth <= innerWidth") {
				t.Error("the page is wider than the window")
			}
			const load = `Promise.all(Array.from(document.images, i => { i.loading = "eager"; return i.decode(); })).then(() => document.images.length)`
			n, err := chromedp.Run(b, chromedp.Evaluate[int](load, chromedp.EvalAwaitPromise))
			if err != nil || n < 20 {
				t.Errorf("%d pictures loaded, %v, want twenty or more", n, err)
			}
			if got := b.Complained(); got != "" {
				t.Errorf("the browser complained: %s", got)
			}
		})
	}
}

// TestBrowserReads looks at what a screen reader goes by: the order of headings, texts
// for pictures and drawings, headers of tables, links that lead somewhere, and boxes
// that scroll within reach of the keyboard.
func TestBrowserReads(t *testing.T) {
	t.Parallel()
	b := reporttest.NewTab(t)
	out := t.TempDir()
	written(t, Options{Runs: []string{study(t)}, Output: out})
	if _, err := chromedp.Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.Show(t, filepath.Join(out, "index.html"))
	for name, script := range map[string]string{
		"one heading of the first level": `String(document.querySelectorAll("h1").length === 1)`,
		"no level of headings is skipped": `(() => {
			const levels = Array.from(document.querySelectorAll("h1, h2, h3, h4"), h => Number(h.tagName[1]));
			return String(levels.every((l, i) => i === 0 ? l === 1 : l <= levels[i - 1] + 1));
		})()`,
		"pictures have texts":         `String(Array.from(document.images).every(i => i.alt.length > 5))`,
		"drawings have texts":         `String(document.querySelectorAll("svg.plot").length > 10 && Array.from(document.querySelectorAll("svg.plot")).every(s => s.getAttribute("aria-label").length > 5))`,
		"tables have row headers":     `String(Array.from(document.querySelectorAll("table")).every(t => t.querySelector("thead th[scope=col]") && t.querySelector("tbody th[scope=row]")))`,
		"links lead somewhere":        `String(document.querySelectorAll("nav a").length >= 5 && Array.from(document.querySelectorAll("a")).every(a => document.getElementById(a.hash.slice(1))))`,
		"what scrolls has a name":     `String(Array.from(document.querySelectorAll(".scroll")).every(s => s.tabIndex === 0 && s.getAttribute("aria-label")))`,
		"ids are unique":              `(() => { const ids = Array.from(document.querySelectorAll("[id]"), e => e.id); return String(new Set(ids).size === ids.length); })()`,
		"there is no script":          `String(document.scripts.length === 0)`,
		"a run that diverged is seen": `String(document.body.innerText.includes("6.3 diverged by step 107, in epoch 2 (joint): the critic's loss was not finite."))`,
		"a language is named":         `String(document.documentElement.lang === "en" && document.title.length > 0)`,
	} {
		if got := reporttest.Evaluate[string](t, b, script); got != "true" {
			t.Errorf("%s: %s", name, got)
		}
	}
	b.Media(t, "print", "light")
	b.Do(t, chromedp.EmulateViewport(794, 1123))
	if got := b.StickingOut(t); got != "" {
		t.Errorf("in print elements stick out:\n%s", got)
	}
	const cut = `String(Array.from(document.querySelectorAll(".scroll")).every(r => r.scrollWidth <= r.clientWidth + 1))`
	if got := reporttest.Evaluate[string](t, b, cut); got != "true" {
		t.Errorf("print cuts tables or rows of pictures off: %s", got)
	}
}
