// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

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

// drawInterval is how often a terminal's line is drawn anew.
const drawInterval = 100 * time.Millisecond

func (t terminal) bar(what, unit string) (show func(done, total int64, note string), end func()) {
	line := progressLine{what: what, unit: unit}
	var drawn time.Time
	var width int // of the line on the screen
	draw := func(now time.Time) {
		columns := t.columns()
		text := line.bar(now, columns)
		n := utf8.RuneCountInString(text)
		// The window may be narrower than it was.
		fmt.Fprint(t.stderr, "\r"+text+strings.Repeat(" ", max(0, min(width, columns-1)-n)))
		drawn, width = now, n
	}
	show = func(done, total int64, note string) {
		now := time.Now()
		line.set(now, done, total, note)
		if now.Sub(drawn) >= drawInterval {
			draw(now)
		}
	}
	end = func() {
		if !drawn.IsZero() {
			draw(time.Now())
			fmt.Fprintln(t.stderr)
		}
	}
	return show, end
}

// columns is the width of the terminal at this moment, 80 where it is not known.
func (t terminal) columns() int {
	if file, ok := t.stderr.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// lineInterval is how often a display without a terminal prints.
const lineInterval = 10 * time.Second

func (t terminal) lines(what, unit string) (show func(done, total int64, note string), end func()) {
	line := progressLine{what: what, unit: unit}
	var printed time.Time
	show = func(done, total int64, note string) {
		now := time.Now()
		line.set(now, done, total, note)
		if now.Sub(printed) >= lineInterval {
			printed = now
			fmt.Fprintln(t.stderr, line.plain(now))
		}
	}
	end = func() {
		if line.total > 0 {
			fmt.Fprintln(t.stderr, line.plain(time.Now()))
		}
	}
	return show, end
}
