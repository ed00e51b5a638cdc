// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// terminal is where a command writes: results to stdout, progress and
// messages to stderr.
type terminal struct {
	stdout, stderr io.Writer
	// interactive is whether stderr is a terminal, which gets a bar that is
	// redrawn; a file or a pipe gets plain lines.
	interactive bool
}

func newTerminal(stdout, stderr io.Writer) terminal {
	file, ok := stderr.(*os.File)
	return terminal{stdout: stdout, stderr: stderr, interactive: ok && term.IsTerminal(int(file.Fd()))}
}

// result prints a command's result: one line of key=value pairs, or the value
// as JSON.
func (t terminal) result(asJSON bool, value any, fields ...field) error {
	if asJSON {
		encoder := json.NewEncoder(t.stdout)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = fmt.Sprintf("%s=%s", f.key, quoteSpaces(fmt.Sprint(f.value)))
	}
	_, err := fmt.Fprintln(t.stdout, strings.Join(parts, " "))
	return err
}

// field is one key=value pair of a result line.
type field struct {
	key   string
	value any
}

func quoteSpaces(s string) string {
	if s == "" || strings.ContainsAny(s, " \t\n\"=") {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// progress returns a function that shows how far a job of some unit is, and one
// that ends the display. Safe for calls from one goroutine at a time.
func (t terminal) progress(what, unit string) (show func(done, total int64, note string), end func()) {
	if t.interactive {
		return t.bar(what, unit)
	}
	return t.lines(what, unit)
}

func (t terminal) bar(what, unit string) (show func(done, total int64, note string), end func()) {
	var bar *progressbar.ProgressBar
	show = func(done, total int64, note string) {
		if bar == nil {
			bar = progressbar.NewOptions64(total,
				progressbar.OptionSetWriter(t.stderr),
				progressbar.OptionSetDescription(what),
				progressbar.OptionSetItsString(unit),
				progressbar.OptionShowIts(),
				progressbar.OptionShowCount(),
				progressbar.OptionSetPredictTime(true),
				progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionSetWidth(12),
				progressbar.OptionSetTheme(progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
			)
		}
		if note != "" {
			bar.Describe(what + " " + note)
		}
		bar.ChangeMax64(max(total, 1))
		_ = bar.Set64(done) // a bar that cannot be drawn must not stop the job
	}
	end = func() {
		if bar != nil {
			_ = bar.Exit()
			fmt.Fprintln(t.stderr)
		}
	}
	return show, end
}

// lineInterval is how often a display without a terminal prints.
const lineInterval = 10 * time.Second

func (t terminal) lines(what, unit string) (show func(done, total int64, note string), end func()) {
	// Rates count from the first call: what comes before it, such as compiling
	// a graph, happens once.
	var first, last time.Time
	var begun, done, total int64
	var note string
	report := func() {
		text := fmt.Sprintf("%s %d/%d", what, done, total)
		if rate := float64(done-begun) / time.Since(first).Seconds(); rate > 0 {
			text += fmt.Sprintf(", %.1f %s/s", rate, unit)
			if left := total - done; left > 0 {
				text += fmt.Sprintf(", %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
			}
		}
		if note != "" {
			text += ", " + note
		}
		fmt.Fprintln(t.stderr, text)
	}
	show = func(d, n int64, s string) {
		done, total, note = d, n, s
		if first.IsZero() {
			first, begun = time.Now(), d
		}
		if last.IsZero() || time.Since(last) >= lineInterval {
			last = time.Now()
			report()
		}
	}
	end = func() {
		if total > 0 {
			report()
		}
	}
	return show, end
}
