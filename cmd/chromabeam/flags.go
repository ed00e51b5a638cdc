// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/pipelines/runner"
)

var errHelp = errors.New("help asked for")

// precisionUsage is what every command says of -precision.
const precisionUsage = "numbers that networks compute with: auto, float32, tf32 (xla:cuda) or bfloat16 (xla); " +
	"auto is tf32 on xla:cuda and float32 elsewhere"

// flagSet is a command's flags with their help.
type flagSet struct {
	*flag.FlagSet
	command  command
	out      io.Writer
	required []string
	beam     map[string]bool // flags that are Beam's own
	rest     []string
}

func newFlagSet(c command, out io.Writer) *flagSet {
	fs := &flagSet{FlagSet: flag.NewFlagSet(c.name, flag.ContinueOnError), command: c, out: out}
	fs.SetOutput(io.Discard) // errors are printed once, by runCommand
	return fs
}

// require names flags that must be given.
func (fs *flagSet) require(names ...string) { fs.required = append(fs.required, names...) }

// beamFlags adds a proxy for each of Beam's own flags.
func (fs *flagSet) beamFlags() {
	runner.Flags(fs.FlagSet)
	fs.beam = map[string]bool{}
	for _, name := range runner.BeamFlagNames() {
		fs.beam[name] = true
	}
}

// parse reads the arguments. Flags may stand before, between and after the
// other arguments, as users of such tools expect; everything behind "--" is no
// flag.
func (fs *flagSet) parse(args []string) error {
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return errHelp
			}
			return err
		}
		left := fs.Args()
		if n := len(args) - len(left); n > 0 && args[n-1] == "--" {
			fs.rest = append(fs.rest, left...)
			break
		}
		if len(left) == 0 {
			break
		}
		fs.rest = append(fs.rest, left[0])
		args = left[1:]
	}
	return fs.checkRequired()
}

func (fs *flagSet) args() []string { return fs.rest }

func (fs *flagSet) checkRequired() error {
	var missing []string
	for _, name := range fs.required {
		if f := fs.Lookup(name); f.Value.String() == "" {
			missing = append(missing, "-"+name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s must be given", strings.Join(missing, " and "))
	}
	return nil
}

// help prints synopsis, examples, flags, Beam's flags and exit codes.
func (fs *flagSet) help() {
	c := fs.command
	fmt.Fprintf(fs.out, "%s\n\nusage: chromabeam %s %s\n", c.summary, c.name, c.synopsis)
	if len(c.examples) > 0 {
		fmt.Fprint(fs.out, "\nexamples:\n")
		for _, e := range c.examples {
			fmt.Fprintf(fs.out, "  %s\n", e)
		}
	}
	var own, beam []*flag.Flag
	fs.VisitAll(func(f *flag.Flag) {
		if fs.beam[f.Name] {
			beam = append(beam, f)
		} else {
			own = append(own, f)
		}
	})
	if len(own) > 0 {
		fmt.Fprint(fs.out, "\nflags:\n")
		for _, f := range own {
			printFlag(fs.out, f)
		}
	}
	if len(beam) > 0 {
		fmt.Fprint(fs.out, "\nBeam's own flags, for -runner flink, dataflow and the like:\n")
		fmt.Fprint(fs.out, wrap(strings.Join(names(beam), " "), "  "))
	}
	fmt.Fprint(fs.out, "\n"+exitCodeHelp)
}

const helpWidth = 78 // fits a terminal of 80 columns

func printFlag(w io.Writer, f *flag.Flag) {
	kind, usage := flag.UnquoteUsage(f)
	head := "  -" + f.Name
	if kind != "" {
		head += " " + kind
	}
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
		usage += fmt.Sprintf(" (default %s)", f.DefValue)
	}
	fmt.Fprintf(w, "%s\n%s", head, wrap(usage, "        "))
}

func names(flags []*flag.Flag) []string {
	list := make([]string, 0, len(flags))
	for _, f := range flags {
		list = append(list, "-"+f.Name)
	}
	slices.Sort(list)
	return list
}

// wrap sets a text's words into indented lines that fit the help's width.
func wrap(text, indent string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case column == 0:
			b.WriteString(indent + word)
			column = len(indent) + len(word)
		case column+1+len(word) > helpWidth:
			b.WriteString("\n" + indent + word)
			column = len(indent) + len(word)
		default:
			b.WriteString(" " + word)
			column += 1 + len(word)
		}
	}
	if column > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// given returns the names of the flags that were set on the command line.
func (fs *flagSet) given() (names []string) {
	fs.Visit(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}
