// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/report/reporttest"
)

// pairSlider is that of the first pair.
const pairSlider = "figure:first-child .pair input"

// expectLine waits until the first pair shows its picture before up to a
// percentage of its width, and its slider says so to screen readers.
func expectLine(t *testing.T, b *reporttest.Tab, percent int) {
	t.Helper()
	condition := fmt.Sprintf(`(() => {
		const pair = document.querySelector("figure:first-child .pair");
		return pair.classList.contains("live") && getComputedStyle(pair.querySelector(".cell:nth-child(2)")).clipPath.includes("%[1]d%%") &&
			pair.querySelector("input").getAttribute("aria-valuetext") === "%[1]d%% before, %[2]d%% after";
	})()`, percent, 100-percent)
	if _, err := chromedp.Run(b, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		t.Fatalf("waiting for %d%%: %v; %s", percent, err, reporttest.Evaluate[string](t, b, `document.querySelector("figure:first-child .pair").outerHTML.replace(/base64,[^"]*/g, "")`))
	}
}

// colors returns what is seen of the first pair's picture at shares of its width.
func colors(t *testing.T, b *reporttest.Tab, shares ...float64) string {
	t.Helper()
	shot, err := chromedp.Run(b, chromedp.Screenshot(chromedp.CSS("figure:first-child .pair")))
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	var seen string
	for _, s := range shares {
		at := m.At(m.Bounds().Min.X+int(s*float64(m.Bounds().Dx())), m.Bounds().Min.Y+m.Bounds().Dy()/5)
		c, _ := color.RGBAModel.Convert(at).(color.RGBA)
		switch {
		case c.R == c.G && c.G == c.B:
			seen += "gray "
		case c.R > 200 && c.G < 60:
			seen += "red "
		default:
			seen += fmt.Sprint(c, " ")
		}
	}
	return seen
}

// TestBrowserPairs moves a pair's line by keyboard and mouse and looks at pixels.
func TestBrowserPairs(t *testing.T) {
	t.Parallel()
	b := reporttest.NewTab(t)
	b.Do(t, chromedp.EmulateViewport(1200, 900))
	b.Open(t, render(t, report.JobSample(t)))
	expectLine(t, b, 50)
	if got := colors(t, b, 0.1, 0.4, 0.6, 0.9); got != "gray gray red red " {
		t.Errorf("at the start the picture shows %s", got)
	}
	for _, step := range []struct {
		key  string
		want int
	}{{kb.ArrowRight, 51}, {kb.ArrowLeft, 50}, {kb.ArrowLeft, 49}, {kb.Home, 0}, {kb.End, 100}} {
		b.Do(t, chromedp.SendKeys(chromedp.CSS(pairSlider), step.key))
		expectLine(t, b, step.want)
	}
	if got := colors(t, b, 0.1, 0.4, 0.6, 0.9); got != "gray gray gray gray " {
		t.Errorf("at its end the picture shows %s", got)
	}
	if !reporttest.Evaluate[bool](t, b, `getComputedStyle(document.querySelector("figure:first-child .pair")).outlineStyle === "solid"`) {
		t.Error("the slider that has the focus does not show it")
	}
	// A click moves the line to where it was, wherever that is.
	for _, share := range []float64{0.2, 0.75, 0.03, 0.97} {
		point := reporttest.Evaluate[[]float64](t, b, fmt.Sprintf(`(() => {
			const pair = document.querySelector("figure:first-child .pair");
			pair.scrollIntoView({block: "center"});
			const r = pair.getBoundingClientRect();
			return [r.left + %g * r.width, r.top + r.height / 2];
		})()`, share))
		b.Do(t, chromedp.MouseClickXY(point[0], point[1]))
		got := reporttest.Evaluate[int](t, b, `Number(document.querySelector("`+pairSlider+`").value)`)
		if d := float64(got) - 100*share; d < -1.5 || d > 1.5 {
			t.Errorf("a click at %g%% moves the line to %d%%", 100*share, got)
		}
		expectLine(t, b, got)
	}
	if got := b.Complained(); got != "" {
		t.Errorf("the browser complained: %s", got)
	}
}

// TestBrowserPairsOnPaper: without script, and in print, pictures stand side by
// side, labelled, and nothing pretends to move.
func TestBrowserPairsOnPaper(t *testing.T) {
	t.Parallel()
	const sideBySide = `(() => {
		const cells = Array.from(document.querySelectorAll("figure:first-child .pair .cell"), c => c.getBoundingClientRect());
		return cells[0].right <= cells[1].left && Math.abs(cells[0].width - cells[1].width) < 2 &&
			getComputedStyle(document.querySelector(".pair .cell:nth-child(2)")).clipPath === "none" &&
			!document.querySelector(".pair input").checkVisibility();
	})()`
	for _, how := range []string{"without script", "print"} {
		b := reporttest.NewTab(t)
		if how == "without script" {
			params := emulation.SetScriptExecutionDisabledParams{Value: true}
			if _, err := chromedp.Call(b, emulation.SetScriptExecutionDisabled, params); err != nil {
				t.Fatal(err)
			}
		}
		b.Open(t, render(t, report.JobSample(t)))
		if how == "print" {
			expectLine(t, b, 50)
			b.Media(t, "print", "light")
		}
		if !reporttest.Evaluate[bool](t, b, sideBySide) {
			t.Errorf("%s: the pictures are not side by side", how)
		}
		if got := reporttest.Evaluate[string](t, b, seen("figure:first-child .pair span")); got != "before after" {
			t.Errorf("%s: labels %q", how, got)
		}
	}
}

// TestBrowserJob looks at a bulk job's page in both schemes and on phones.
func TestBrowserJob(t *testing.T) {
	t.Parallel()
	b := reporttest.NewTab(t)
	page := render(t, report.JobSample(t))
	for _, tt := range []struct {
		name, scheme string
		width        int64
		background   string
	}{
		{"light", "light", 1200, "rgb(246, 247, 249)"},
		{"dark", "dark", 1200, "rgb(17, 20, 24)"},
		{"400 px", "light", 400, "rgb(246, 247, 249)"},
		{"small dark phone", "dark", 320, "rgb(17, 20, 24)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.Media(t, "screen", tt.scheme)
			b.Do(t, chromedp.EmulateViewport(tt.width, 800))
			b.Open(t, page)
			expectLine(t, b, 50)
			if got := reporttest.Evaluate[string](t, b, "getComputedStyle(document.body).backgroundColor"); got != tt.background {
				t.Errorf("background is %s, want %s", got, tt.background)
			}
			for _, want := range []struct{ name, script string }{
				{"elements that stick out", `document.documentElement.scrollWidth <= innerWidth &&
					Array.from(document.querySelectorAll("main *")).every(e => e.closest(".scroll, svg") || e.getBoundingClientRect().right <= innerWidth)`},
				{"pictures that cannot be seen or fill the screen", `Array.from(document.querySelectorAll(".pairs img")).every(i =>
					i.getBoundingClientRect().height >= 40 && i.getBoundingClientRect().height <= 400)`},
				{"pictures that do not lie on each other", `Array.from(document.querySelectorAll(".pair")).every(p => {
					const r = Array.from(p.querySelectorAll("img"), i => i.getBoundingClientRect());
					return r[0].left === r[1].left && r[0].top === r[1].top && r[0].width === r[1].width && r[0].height === r[1].height;
				})`},
				{"sliders that a finger does not find", `Array.from(document.querySelectorAll(".pair input")).every(i => i.getBoundingClientRect().height >= 40)`},
				{"bars of another length than their share", `(() => {
					const w = Array.from(document.querySelectorAll(".gauge div"), d => d.getBoundingClientRect().width);
					return w.length === 3 && Math.abs(w[1] / w[0] - 9) < 0.5 && w[1] > 50 && w[2] <= 1;
				})()`},
				{"sliders without a name", `Array.from(document.querySelectorAll(".pair input")).every(i => i.ariaLabel.endsWith("before and after") || i.ariaLabel.endsWith("scan and coloured"))`},
			} {
				if !reporttest.Evaluate[bool](t, b, want.script) {
					t.Errorf("there are %s", want.name)
				}
			}
			if got := b.Complained(); got != "" {
				t.Errorf("the browser complained: %s", got)
			}
		})
	}
}
