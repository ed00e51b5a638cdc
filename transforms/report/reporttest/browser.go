// SPDX-License-Identifier: Apache-2.0

// Package reporttest opens pages in a real browser for the tests of what makes
// pages. It is for tests alone.
package reporttest

import (
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
)

// browserLimit is for a machine that compiles beside the test; a page is ready
// within a second or two.
const browserLimit = 2 * time.Minute

// chromium is the browser's path. Without one the test skips, unless
// CHROMABEAM_REQUIRE_CHROMIUM is 1, as in CI.
func chromium(t testing.TB) string {
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

// Tab is a browser's tab with all that it complained about.
type Tab struct {
	context.Context //nolint:containedctx // A tab is the context that chromedp's functions take.

	mu         sync.Mutex
	complaints []string
}

func (b *Tab) listen(event any) {
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

// Complained returns the complaints so far and forgets them.
func (b *Tab) Complained() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := strings.Join(b.complaints, "\n")
	b.complaints = nil
	return all
}

// NewTab starts a browser that finds no host, with a profile of its own.
func NewTab(t testing.TB) *Tab {
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
	b := &Tab{Context: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// Do runs actions and fails the test where one does.
func (b *Tab) Do(t testing.TB, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		t.Fatal(err)
	}
}

// Open shows an HTML page from a file.
func (b *Tab) Open(t testing.TB, page string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(name, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	b.Show(t, name)
}

// Show opens a file.
func (b *Tab) Show(t testing.TB, name string) {
	t.Helper()
	b.Do(t, chromedp.Navigate((&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()))
}

// StickingOut returns the beginnings of what reaches beyond the window, but for what
// scrolls in a box of its own.
func (b *Tab) StickingOut(t testing.TB) string {
	t.Helper()
	return Evaluate[string](t, b, `Array.from(document.querySelectorAll("main *")).filter(e => !e.closest(".scroll, svg") &&
		e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 80)).join("\n")`)
}

// Media emulates print or screen, and a color scheme.
func (b *Tab) Media(t testing.TB, media, scheme string) {
	t.Helper()
	params := emulation.SetEmulatedMediaParams{
		Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}
	if _, err := chromedp.Call(b, emulation.SetEmulatedMedia, params); err != nil {
		t.Fatal(err)
	}
}

// Evaluate returns what an expression gives in the page.
func Evaluate[T any](t testing.TB, b *Tab, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}
