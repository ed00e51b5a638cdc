// SPDX-License-Identifier: Apache-2.0

// Package failpoint lets a test kill the program at a named moment, to show
// that a job which is started again ends as an unbroken one.
//
// With CHROMABEAM_FAILPOINT=NAME:N in the environment the process kills itself
// without warning (no deferred call runs, nothing is flushed) when the point
// NAME is reached for the N-th time; without it a point costs one comparison.
package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// Variable is the environment variable that arms a point.
const Variable = "CHROMABEAM_FAILPOINT"

type point struct {
	name string
	left atomic.Int64
}

// armed is read from the environment once: DoFns travel to workers as JSON, so
// a hook in their fields would not arrive.
var armed = parse(os.Getenv(Variable))

func parse(spec string) *point {
	if spec == "" {
		return nil
	}
	name, count, found := strings.Cut(spec, ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if !found || err != nil || n < 1 {
		n = 1
	}
	p := &point{name: name}
	p.left.Store(n)
	return p
}

// reached reports whether the point's last hit is this one.
func (p *point) reached(name string) bool {
	return p != nil && p.name == name && p.left.Add(-1) == 0
}

// Hit kills the process if the named point is armed and its count is reached.
// Names are written COMMAND.OBJECT.MOMENT, such as "prepare.shard.renamed".
// Hit is safe for concurrent use.
func Hit(name string) {
	if armed.reached(name) {
		kill()
	}
}
