// SPDX-License-Identifier: Apache-2.0

package train

import (
	"strings"
	"testing"
	"time"
)

func TestRepeatMore(t *testing.T) {
	t.Parallel()
	byTime := Repeat{Warmup: 1, Least: 3 * time.Second}
	tests := []struct {
		name  string
		r     Repeat
		done  int
		spent time.Duration
		want  bool
	}{
		{"counted, not done", Repeat{Count: 3}, 2, time.Hour, true},
		{"counted, done", Repeat{Count: 3}, 3, 0, false},
		{"slow work has its five", byTime, 4, time.Minute, true},
		{"slow work ends", byTime, 5, time.Minute, false},
		{"fast work goes on", byTime, 100, time.Second, true},
		{"fast work ends", byTime, 100, 3 * time.Second, false},
	}
	for _, tt := range tests {
		if got := tt.r.More(tt.done, tt.spent); got != tt.want {
			t.Errorf("%s: more is %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestRepeatShare(t *testing.T) {
	t.Parallel()
	byTime := Repeat{Warmup: 1, Least: 3 * time.Second}
	tests := []struct {
		name        string
		r           Repeat
		done        int
		spent       time.Duration
		wantDone, n int64
	}{
		{"counted", Repeat{Count: 8}, 2, time.Hour, 2, 8},
		{"nothing yet", byTime, 0, 0, 0, 5},
		{"a second each", byTime, 1, time.Second, 1, 5},
		{"ten a second", byTime, 10, time.Second, 10, 30},
		{"at the end", byTime, 31, 3100 * time.Millisecond, 31, 31},
	}
	for _, tt := range tests {
		if done, total := tt.r.Share(tt.done, tt.spent); done != tt.wantDone || total != tt.n {
			t.Errorf("%s: %d of %d, want %d of %d", tt.name, done, total, tt.wantDone, tt.n)
		}
	}
}

func TestRepeatValidate(t *testing.T) {
	t.Parallel()
	if err := DefaultRepeat().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	err := Repeat{Count: -1}.Validate()
	for _, want := range []string{"warm-up must be at least 1, got 0", "steps must be at least 1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if err := (Repeat{Warmup: 1}).Validate(); err == nil || !strings.Contains(err.Error(), "seconds must be more than 0") {
		t.Errorf("no time: error %v, want one", err)
	}
}
