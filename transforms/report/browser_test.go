// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/report/reporttest"
)

// seen is a script that returns the texts of what is seen of a selector's
// elements.
func seen(selector string) string {
	return `Array.from(document.querySelectorAll("` + selector + `")).filter(e => e.checkVisibility({visibilityProperty: true})).map(e => e.textContent).join(" ")`
}

const (
	frames = "section.timeline figure:first-child .moments > *"
	names  = ".scrub .moments > *"
	slider = ".scrub input"
)

// expect waits until the frame and the slider show the moment, and the slider
// says so to screen readers.
func expect(t *testing.T, b *reporttest.Tab, moment string) {
	t.Helper()
	condition := seen(frames) + ` === "` + moment + `" && ` + seen(names) + ` === "` + moment + `" && ` +
		`document.querySelector("` + slider + `").getAttribute("aria-valuetext") === "` + moment + `"`
	if _, err := chromedp.Run(b, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		t.Fatalf("waiting for %q: %v; frame %q, name %q", moment, err, reporttest.Evaluate[string](t, b, seen(frames)), reporttest.Evaluate[string](t, b, seen(names)))
	}
}

func render(t *testing.T, p report.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Render(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestBrowserSlider(t *testing.T) {
	t.Parallel()
	b := reporttest.NewTab(t)
	b.Open(t, render(t, report.SweepSample(t)))
	b.Do(t, chromedp.WaitVisible(chromedp.CSS(slider)))
	expect(t, b, "epoch 12")
	for _, step := range []struct{ key, want string }{
		{kb.ArrowLeft, "epoch 11"}, {kb.ArrowLeft, "epoch 10"}, {kb.ArrowRight, "epoch 11"}, {kb.Home, "epoch 1"}, {kb.End, "epoch 12"},
	} {
		b.Do(t, chromedp.SendKeys(chromedp.CSS(slider), step.key))
		expect(t, b, step.want)
	}
	b.Do(t, chromedp.Evaluate[chromedp.Void](`{
		const s = document.querySelector("`+slider+`");
		s.value = 4;
		s.dispatchEvent(new Event("input", {bubbles: true}));
	}`))
	expect(t, b, "epoch 5")
	for _, want := range []struct {
		name, script string
	}{
		{"pictures that are not loaded", `String(Array.from(document.images).filter(i => i.checkVisibility() && i.loading !== "lazy" && i.naturalWidth === 0).length === 0)`},
		{"frames of the other items", `String(Array.from(document.querySelectorAll(".row .moments")).every(m => Array.from(m.children).findIndex(c => !c.hidden) === 4))`},
		{"fixed pictures", `String(document.querySelectorAll("section.timeline .row > .cell:not(.moments) img").length === 12)`},
	} {
		if got := reporttest.Evaluate[string](t, b, want.script); got != "true" {
			t.Errorf("%s: %s", want.name, got)
		}
	}
	b.Media(t, "print", "light")
	if got := reporttest.Evaluate[string](t, b, seen(frames)); got != "epoch 12" {
		t.Errorf("print shows %q, want the last moment", got)
	}
	if reporttest.Evaluate[bool](t, b, `document.querySelector(".scrub").checkVisibility()`) {
		t.Error("print shows the slider")
	}
	if got := b.Complained(); got != "" {
		t.Errorf("the browser complained: %s", got)
	}
}

func TestBrowserWithoutScript(t *testing.T) {
	t.Parallel()
	b := reporttest.NewTab(t)
	if _, err := chromedp.Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.Open(t, render(t, report.SweepSample(t)))
	if got := reporttest.Evaluate[string](t, b, seen(frames)); got != "epoch 12" {
		t.Errorf("without script the page shows %q, want the last moment", got)
	}
	if reporttest.Evaluate[bool](t, b, `document.querySelector(".scrub").checkVisibility()`) {
		t.Error("without script the slider is shown")
	}
}
