// SPDX-License-Identifier: Apache-2.0

// Command chromabeam prepares colorization data sets, trains colorization
// networks and colours whole archives of pictures.
//
// Every subcommand parses its flags, calls a library package and prints: the
// result as one line on standard output (JSON with -json), progress and
// messages on standard error. The exit codes are listed in [exitCode].
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/chromabeam/chromabeam/pipelines/runner"
)

func main() {
	// A Beam worker container starts this same binary with Beam's flags alone:
	// such a start has to reach Beam before anything looks for a command.
	if runner.WorkerMain(os.Args[1:]) {
		return
	}
	keepHeap(os.Args)
	os.Exit(runInterruptible(os.Args[1:], os.Stdout, os.Stderr))
}

// runInterruptible is run with a context that Ctrl-C ends, so that a job can
// save what it has.
func runInterruptible(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	return run(ctx, args, stdout, stderr)
}

// command is one subcommand.
type command struct {
	name     string
	synopsis string // what follows the name on the usage line
	summary  string
	examples []string
	// define adds the command's flags to the flag set and returns the function
	// that runs it on the arguments which are no flags.
	define func(fs *flagSet) func(ctx context.Context, term terminal, args []string) error
}

// commands lists every subcommand in the order of the help.
func commands() []command {
	return []command{
		fetchCommand(), prepareCommand(), inspectCommand(), recipesCommand(), trainCommand(), evaluateCommand(), reportCommand(),
		exportCommand(), colorizeCommand(), bulkCommand(), demoCommand(), benchCommand(), setupCommand(), doctorCommand(),
		versionCommand(),
	}
}

// run executes the command that args name and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	term := newTerminal(stdout, stderr)
	if len(args) == 0 || isHelp(args[0]) {
		if len(args) > 1 {
			return runHelp(args[1], term)
		}
		printUsage(term, len(args) > 0)
		if len(args) == 0 {
			return exitUsage
		}
		return exitDone
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return runCommand(ctx, c, args[1:], term)
		}
	}
	fmt.Fprintf(term.stderr, "chromabeam: unknown command %q; see chromabeam help\n", args[0])
	return exitUsage
}

func runHelp(name string, term terminal) int {
	for _, c := range commands() {
		if c.name == name {
			fs := newFlagSet(c, term.stdout)
			c.define(fs)
			fs.help()
			return exitDone
		}
	}
	fmt.Fprintf(term.stderr, "chromabeam: unknown command %q; see chromabeam help\n", name)
	return exitUsage
}

func runCommand(ctx context.Context, c command, args []string, term terminal) int {
	fs := newFlagSet(c, term.stderr)
	execute := c.define(fs)
	if err := fs.parse(args); err != nil {
		if errors.Is(err, errHelp) {
			return runHelp(c.name, term)
		}
		fmt.Fprintf(term.stderr, "chromabeam %s: %v; see chromabeam help %s\n", c.name, err, c.name)
		return exitUsage
	}
	err := execute(ctx, term, fs.args())
	if err != nil {
		fmt.Fprintf(term.stderr, "chromabeam %s: %v\n", c.name, err)
	}
	return exitCode(err)
}

func isHelp(arg string) bool {
	return arg == "help" || arg == "-h" || arg == "-help" || arg == "--help"
}

func printUsage(term terminal, asked bool) {
	w := term.stderr
	if asked {
		w = term.stdout
	}
	fmt.Fprint(w, "chromabeam colours black-and-white pictures at archive scale.\n\n"+
		"usage: chromabeam COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nchromabeam help COMMAND shows a command's flags and examples.\n\n"+exitCodeHelp)
}
