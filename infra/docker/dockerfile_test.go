// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// dockerfile is what a Dockerfile says, with the defaults of its arguments put in.
type dockerfile struct {
	args   map[string]string // those before the first stage
	stages map[string]*stage
	names  []string // of the stages, in their order
}

// stage is a FROM and what follows it.
type stage struct {
	name, base   string
	instructions []instruction
}

// instruction is one line, or several that are joined by backslashes.
type instruction struct {
	name  string            // such as COPY
	flags map[string]string // such as --from=build
	words []string          // the rest
	text  string            // all of it
}

func readDockerfile(t *testing.T) dockerfile {
	t.Helper()
	data, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	d := dockerfile{args: map[string]string{}, stages: map[string]*stage{}}
	for _, line := range joinLines(string(data)) {
		if err := d.add(parseInstruction(line)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return d
}

// joinLines returns the instructions of a Dockerfile, each as one line.
func joinLines(text string) []string {
	var list []string
	open := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		rest, continued := strings.CutSuffix(line, `\`)
		rest = strings.TrimSpace(rest)
		if open {
			list[len(list)-1] += " " + rest
		} else {
			list = append(list, rest)
		}
		open = continued
	}
	return list
}

func parseInstruction(line string) instruction {
	words := strings.Fields(line)
	i := instruction{name: words[0], flags: map[string]string{}, words: words[1:], text: line}
	for len(i.words) > 0 && strings.HasPrefix(i.words[0], "--") {
		name, value, _ := strings.Cut(i.words[0][2:], "=")
		i.flags[name] = value
		i.words = i.words[1:]
	}
	return i
}

func (d *dockerfile) add(i instruction) error {
	switch {
	case i.name == "ARG" && len(d.names) == 0:
		name, value, ok := strings.Cut(i.words[0], "=")
		if !ok {
			return fmt.Errorf("the argument %s has no default", name)
		}
		d.args[name] = value
	case i.name == "FROM":
		if len(i.words) != 3 || i.words[1] != "AS" {
			return fmt.Errorf("want FROM IMAGE AS NAME")
		}
		base := os.Expand(i.words[0], func(name string) string { return d.args[name] })
		d.stages[i.words[2]] = &stage{name: i.words[2], base: base}
		d.names = append(d.names, i.words[2])
	case len(d.names) == 0:
		return fmt.Errorf("it stands before the first stage")
	default:
		s := d.stages[d.names[len(d.names)-1]]
		s.instructions = append(s.instructions, i)
	}
	return nil
}

func (s *stage) of(name string) []instruction {
	return slices.DeleteFunc(slices.Clone(s.instructions), func(i instruction) bool { return i.name != name })
}

func (s *stage) copies() []instruction { return s.of("COPY") }

// environment is what a stage adds to that of its base, as NAME=VALUE.
func (s *stage) environment() []string {
	var pairs []string
	for _, i := range s.of("ENV") {
		pairs = append(pairs, i.words...)
	}
	return pairs
}

// last returns the one instruction of a name.
func (s *stage) last(t *testing.T, name string) instruction {
	t.Helper()
	list := s.of(name)
	if len(list) != 1 {
		t.Fatalf("stage %s has %d of %s, want one", s.name, len(list), name)
	}
	return list[0]
}

// argument is the default of one of a stage's arguments.
func (s *stage) argument(t *testing.T, name string) string {
	t.Helper()
	for _, i := range s.of("ARG") {
		if value, ok := strings.CutPrefix(i.words[0], name+"="); ok {
			return value
		}
	}
	t.Fatalf("stage %s has no argument %s with a default", s.name, name)
	return ""
}
