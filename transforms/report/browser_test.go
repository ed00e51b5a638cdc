// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/chromabeam/chromabeam/transforms/report"
)

// browserLimit is for a machine that compiles beside the test; a page is ready
// within a second or two.
const browserLimit = 2 * time.Minute

// chromium is the browser's path. Without one the test skips, unless
// CHROMABEAM_REQUIRE_CHROMIUM is 1, as in CI.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const reason = "no chromium, chromium-browser or google-chrome on the PATH"
	if os.Getenv("CHROMABEAM_REQUIRE_CHROMIUM") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
	return ""
}

// tab is a browser's tab with all that it complained about.
type tab struct {
	context.Context
	mu         sync.Mutex
	complaints []string
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded: // violations of the security policy come here
		b.complaints = append(b.complaints, e.Entry.Text)
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, "the console was written to: "+string(e.Type))
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") {
			b.complaints = append(b.complaints, "request of "+u)
		}
	}
}

// complained returns the complaints so far and forgets them.
func (b *tab) complained() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := strings.Join(b.complaints, "\n")
	b.complaints = nil
	return all
}

// newTab starts a browser that finds no host, with a profile of its own.
func newTab(t *testing.T) *tab {
	t.Helper()
	path := chromium(t)
	ctx, cancel := context.WithTimeout(t.Context(), browserLimit)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"))
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{Context: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// do runs actions and fails the test where one does.
func (b *tab) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		t.Fatal(err)
	}
}

// open shows an HTML page from a file.
func (b *tab) open(t *testing.T, page string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(name, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	b.do(t, chromedp.Navigate((&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()))
}

// media emulates print or screen, and a color scheme.
func (b *tab) media(t *testing.T, media, scheme string) {
	t.Helper()
	params := emulation.SetEmulatedMediaParams{
		Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}
	if _, err := chromedp.Call(b, emulation.SetEmulatedMedia, params); err != nil {
		t.Fatal(err)
	}
}

// evaluate returns what an expression gives in the page.
func evaluate[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

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
func (b *tab) expect(t *testing.T, moment string) {
	t.Helper()
	condition := seen(frames) + ` === "` + moment + `" && ` + seen(names) + ` === "` + moment + `" && ` +
		`document.querySelector("` + slider + `").getAttribute("aria-valuetext") === "` + moment + `"`
	if _, err := chromedp.Run(b, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		t.Fatalf("waiting for %q: %v; frame %q, name %q", moment, err, evaluate[string](t, b, seen(frames)), evaluate[string](t, b, seen(names)))
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
	b := newTab(t)
	b.open(t, render(t, report.SweepSample(t)))
	b.do(t, chromedp.WaitVisible(chromedp.CSS(slider)))
	b.expect(t, "epoch 12")
	for _, step := range []struct{ key, want string }{
		{kb.ArrowLeft, "epoch 11"}, {kb.ArrowLeft, "epoch 10"}, {kb.ArrowRight, "epoch 11"}, {kb.Home, "epoch 1"}, {kb.End, "epoch 12"},
	} {
		b.do(t, chromedp.SendKeys(chromedp.CSS(slider), step.key))
		b.expect(t, step.want)
	}
	b.do(t, chromedp.Evaluate[chromedp.Void](`{
		const s = document.querySelector("`+slider+`");
		s.value = 4;
		s.dispatchEvent(new Event("input", {bubbles: true}));
	}`))
	b.expect(t, "epoch 5")
	for _, want := range []struct {
		name, script string
	}{
		{"pictures that are not loaded", `String(Array.from(document.images).filter(i => i.checkVisibility() && i.loading !== "lazy" && i.naturalWidth === 0).length === 0)`},
		{"frames of the other items", `String(Array.from(document.querySelectorAll(".row .moments")).every(m => Array.from(m.children).findIndex(c => !c.hidden) === 4))`},
		{"fixed pictures", `String(document.querySelectorAll("section.timeline .row > .cell:not(.moments) img").length === 12)`},
	} {
		if got := evaluate[string](t, b, want.script); got != "true" {
			t.Errorf("%s: %s", want.name, got)
		}
	}
	b.media(t, "print", "light")
	if got := evaluate[string](t, b, seen(frames)); got != "epoch 12" {
		t.Errorf("print shows %q, want the last moment", got)
	}
	if evaluate[bool](t, b, `document.querySelector(".scrub").checkVisibility()`) {
		t.Error("print shows the slider")
	}
	if got := b.complained(); got != "" {
		t.Errorf("the browser complained: %s", got)
	}
}

func TestBrowserWithoutScript(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	if _, err := chromedp.Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.open(t, render(t, report.SweepSample(t)))
	if got := evaluate[string](t, b, seen(frames)); got != "epoch 12" {
		t.Errorf("without script the page shows %q, want the last moment", got)
	}
	if evaluate[bool](t, b, `document.querySelector(".scrub").checkVisibility()`) {
		t.Error("without script the slider is shown")
	}
}
