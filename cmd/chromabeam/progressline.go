// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chromabeam/chromabeam/transforms/report"
)

// progressLine says in one line how far a job is: share, counts, rate, time left
// and a note. The progress bars of libraries count what was done before the job
// began as its speed, and outgrow the terminal's width.
type progressLine struct {
	what, unit, note string
	done, total      int64
	// seen are counts of the last rateWindow, a second apart or more, the oldest
	// first. They begin with the first call, since what comes before it, such as
	// compiling a graph, happens once.
	seen []count
}

type count struct {
	at   time.Time
	done int64
}

// rateWindow is the time that a rate is the mean of: long enough that batches do
// not show, short enough that a slow server does.
const rateWindow = time.Minute

// set notes how far the job is now.
func (p *progressLine) set(now time.Time, done, total int64, note string) {
	p.done, p.total, p.note = done, total, note
	n := len(p.seen)
	if n == 0 || done < p.seen[n-1].done { // another pass begins
		p.seen = []count{{now, done}}
		return
	}
	if now.Sub(p.seen[n-1].at) >= time.Second {
		p.seen = append(p.seen, count{now, done})
	}
	for len(p.seen) > 2 && now.Sub(p.seen[1].at) >= rateWindow {
		p.seen = p.seen[1:]
	}
}

// rate is how much is done a second; 0 where that is not known yet.
func (p *progressLine) rate(now time.Time) float64 {
	if len(p.seen) == 0 {
		return 0
	}
	since := now.Sub(p.seen[0].at).Seconds()
	if since < 0.5 {
		return 0
	}
	return float64(p.done-p.seen[0].done) / since
}

// plain is the line for a file or a pipe.
func (p *progressLine) plain(now time.Time) string { return p.what + " " + p.tail(now, " "+p.unit) }

// tail is all but name and bar.
func (p *progressLine) tail(now time.Time, unit string) string {
	show := report.Grouped
	if p.unit == "bytes" {
		show, unit = report.Size, ""
	}
	text := show(p.done) + "/" + show(p.total)
	if rate := p.rate(now); rate > 0 {
		each := report.Grouped(int64(rate + 0.5))
		switch {
		case p.unit == "bytes":
			each = report.Size(int64(rate))
		case rate < 100:
			each = fmt.Sprintf("%.1f", rate)
		}
		text += ", " + each + unit + "/s"
		if left := p.total - p.done; left > 0 {
			text += ", " + timeLeft(float64(left)/rate) + " left"
		}
	}
	if p.note != "" {
		text += ", " + p.note
	}
	return text
}

// The bar's least and greatest width, with its brackets.
const minBar, maxBar = 8, 24

// bar is the line for a terminal, shorter than columns by one at least, so that
// it never wraps. Where there is little room the unit goes first, then the bar,
// then what stands at the end.
func (p *progressLine) bar(now time.Time, columns int) string {
	room := max(0, columns-1)
	share := 0.0
	if p.total > 0 {
		share = min(1, max(0, float64(p.done)/float64(p.total)))
	}
	head := fmt.Sprintf("%s %3.0f%% ", p.what, 100*share)
	tail := p.tail(now, " "+p.unit)
	if utf8.RuneCountInString(head+tail)+minBar+1 > room {
		tail = p.tail(now, "")
	}
	width := min(maxBar, room-utf8.RuneCountInString(head+tail)-1)
	if width < minBar {
		line := []rune(head + tail)
		return string(line[:min(len(line), room)])
	}
	full := int(share * float64(width-2))
	filled := strings.Repeat("=", full)
	if full < width-2 && full > 0 {
		filled = filled[1:] + ">"
	}
	return head + "[" + filled + strings.Repeat(" ", width-2-full) + "] " + tail
}

// timeLeft prints seconds in two units: "45s", "12m30s", "2h4m", "3d4h".
func timeLeft(seconds float64) string {
	const day = 24 * 3600
	s := int64(min(seconds, 1e4*day) + 0.5)
	for _, u := range []struct {
		size, small   int64
		name, smaller string
	}{{day, 3600, "d", "h"}, {3600, 60, "h", "m"}, {60, 1, "m", "s"}} {
		if s >= u.size {
			return fmt.Sprintf("%d%s%d%s", s/u.size, u.name, s%u.size/u.small, u.smaller)
		}
	}
	return fmt.Sprintf("%ds", s)
}
