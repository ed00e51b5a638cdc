// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"flag"
	"log"
	"log/slog"
	"strings"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// initialize makes Beam ready, once a process: Beam's own state is global. The
// loggers, which beam.Init points at standard error in its own format, are
// put back behind a filter.
var initialize = sync.OnceFunc(func() {
	if !flag.Parsed() {
		// Beam reads its flags when it starts. Those that were given have been
		// set by the proxies of Flags.
		_ = flag.CommandLine.Parse(nil) // no arguments, no error
	}
	before, writer, flags := slog.Default(), log.Writer(), log.Flags()
	beam.Init()
	slog.SetDefault(slog.New(&filter{Handler: before.Handler(), level: &threshold}))
	log.SetOutput(writer)
	log.SetFlags(flags)
})

// WorkerMain serves as a Beam worker if args are those with which a worker
// container starts the binary: Beam's flags alone, among them -worker. It
// returns false at once if they are not, and true when the worker has ended,
// unless Beam ends the process itself. It must be called before anything else
// looks at the arguments; a program that does not call it cannot be sent to
// workers.
func WorkerMain(args []string) bool {
	serves.Store(true)
	if !isWorker(args) {
		return false
	}
	// flag.CommandLine ends the process on a wrong flag, as a worker should.
	_ = flag.CommandLine.Parse(args)
	beam.Init() // serves until the runner has no more work
	return true
}

func isWorker(args []string) bool {
	for _, arg := range args {
		name, value, found := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if arg != name && name == "worker" && (!found || value == "true") {
			return true
		}
		if !strings.HasPrefix(arg, "-") {
			return false // a command's name: workers get flags only
		}
	}
	return false
}
