// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var morning = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func TestProgressLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, what, unit, note string
		begun, done, total     int64
		after                  time.Duration
		columns                int
		want, plain            string
	}{
		{
			"start", "colouring", "pictures", "", 0, 0, 1000, 0, 80,
			"colouring   0% [                      ] 0/1,000", "colouring 0/1,000",
		},
		{
			"under way", "colouring", "pictures", "3 rejects", 0, 450, 1000, 10 * time.Second, 80,
			"colouring  45% [=====>        ] 450/1,000, 45.0 pictures/s, 12s left, 3 rejects",
			"colouring 450/1,000, 45.0 pictures/s, 12s left, 3 rejects",
		},
		{ // what earlier runs did is no speed of this one
			"resumed", "colouring", "pictures", "1,234 rejects", 900_000, 900_842, 1_000_000, 10 * time.Second, 80,
			"colouring  90% [======> ] 900,842/1,000,000, 84.2/s, 19m38s left, 1,234 rejects",
			"colouring 900,842/1,000,000, 84.2 pictures/s, 19m38s left, 1,234 rejects",
		},
		{
			"large", "colouring", "pictures", "99,999,999 rejects", 0, 123_456_789, 999_999_999, 59 * time.Second, 80,
			"colouring  12% 123,456,789/999,999,999, 2,092,488/s, 6m59s left, 99,999,999 rej",
			"colouring 123,456,789/999,999,999, 2,092,488 pictures/s, 6m59s left, 99,999,999 rejects",
		},
		{
			"narrow", "colouring", "pictures", "3 rejects", 0, 450, 1000, 10 * time.Second, 40,
			"colouring  45% 450/1,000, 45.0/s, 12s l", "colouring 450/1,000, 45.0 pictures/s, 12s left, 3 rejects",
		},
		{"no width", "colouring", "pictures", "", 0, 1, 2, 0, 0, "", "colouring 1/2"},
		{
			"done", "colouring", "pictures", "", 0, 1000, 1000, 20 * time.Second, 200,
			"colouring 100% [======================] 1,000/1,000, 50.0 pictures/s", "colouring 1,000/1,000, 50.0 pictures/s",
		},
		{
			"nothing", "colouring", "pictures", "", 0, 0, 0, time.Second, 80,
			"colouring   0% [                      ] 0/0", "colouring 0/0",
		},
		{
			"bytes", "fetching", "bytes", "", 0, 31_000_000, 1_200_000_000, 10 * time.Second, 80,
			"fetching   3% [                      ] 31 MB/1.2 GB, 3.1 MB/s, 6m17s left", "fetching 31 MB/1.2 GB, 3.1 MB/s, 6m17s left",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := progressLine{what: tt.what, unit: tt.unit}
			p.set(morning, tt.begun, tt.total, "")
			now := morning.Add(tt.after)
			p.set(now, tt.done, tt.total, tt.note)
			if diff := cmp.Diff([]string{tt.want, tt.plain}, []string{p.bar(now, tt.columns), p.plain(now)}); diff != "" {
				t.Errorf("bar and plain line (-want +got):\n%s", diff)
			}
			for columns := range 120 {
				if n := utf8.RuneCountInString(p.bar(now, columns)); n >= max(1, columns) {
					t.Errorf("in %d columns the line has %d", columns, n)
				}
			}
		})
	}
}

// TestProgressRate: the rate is that of the last minute, and a count that goes
// back begins anew.
func TestProgressRate(t *testing.T) {
	t.Parallel()
	p := progressLine{what: "w", unit: "pictures"}
	now, done := morning, int64(0)
	for i := range 3000 { // at 10 calls a second: 100 pictures a second, then 10
		p.set(now, done, 1e6, "")
		now, done = now.Add(100*time.Millisecond), done+10
		if i >= 2000 {
			done -= 9
		}
	}
	if rate := p.rate(now); rate < 9 || rate > 11 {
		t.Errorf("after 100 s at 10 a second the rate is %.1f", rate)
	}
	if len(p.seen) > 62 {
		t.Errorf("%d counts are kept", len(p.seen))
	}
	p.set(now, 5, 100, "")
	if rate := p.rate(now.Add(time.Second)); rate != 0 {
		t.Errorf("a new pass begins with a rate of %.1f", rate)
	}
}

func TestTimeLeft(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{
		0: "0s", 0.4: "0s", 59.4: "59s", 59.6: "1m0s", 3599: "59m59s", 3600: "1h0m", 86399: "23h59m", 100 * 3600: "4d4h", 1e300: "10000d0h",
	} {
		if got := timeLeft(seconds); got != want {
			t.Errorf("timeLeft(%g) = %q, want %q", seconds, got, want)
		}
	}
}

// TestProgressOutput: a terminal's line is overwritten whole, also by a shorter
// one; elsewhere there are lines, the last of which says how it ended.
func TestProgressOutput(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	show, end := terminal{stderr: &b, interactive: true}.progress("colouring", "pictures")
	show(1, 100, "a note that is long")
	show(100, 100, "") // at once: only the end draws it
	end()
	parts := strings.Split(b.String(), "\r")
	if len(parts) != 3 || parts[0] != "" || !strings.HasSuffix(parts[2], "\n") || !strings.Contains(parts[2], "100/100") ||
		len(parts[2])-1 < len(parts[1]) {
		t.Errorf("a terminal gets %q", parts)
	}
	b.Reset()
	show, end = terminal{stderr: &b}.progress("colouring", "pictures")
	show(1, 100, "")
	show(2, 100, "")
	end()
	if got := b.String(); got != "colouring 1/100\ncolouring 2/100\n" {
		t.Errorf("a pipe gets %q", got)
	}
	b.Reset()
	_, end = terminal{stderr: &b, interactive: true}.progress("colouring", "pictures")
	end()
	if b.Len() != 0 {
		t.Errorf("what did not begin shows %q", b.String())
	}
}
