// SPDX-License-Identifier: Apache-2.0

package failpoint

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

func TestReached(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		spec string
		hits []string
		want int // index of the hit that fires, -1 for none
	}{
		{"off", "", []string{"a", "a"}, -1},
		{"first", "a", []string{"b", "a", "a"}, 1},
		{"third", "a:3", []string{"a", "b", "a", "a", "a"}, 3},
		{"other", "a:1", []string{"b", "b"}, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, got := parse(tt.spec), -1
			for i, hit := range tt.hits {
				if p.reached(hit) && got < 0 {
					got = i
				}
			}
			if got != tt.want {
				t.Errorf("fired at %d, want %d", got, tt.want)
			}
		})
	}
}

func TestHitKills(t *testing.T) {
	if os.Getenv(Variable) == "test.point" {
		Hit("test.other")
		Hit("test.point")
		t.Fatal("survived its own failpoint")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestHitKills$")
	cmd.Env = append(os.Environ(), Variable+"=test.point")
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Exited() {
		t.Errorf("ended with %v, want a killed process", err)
	}
}
