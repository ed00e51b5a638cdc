// SPDX-License-Identifier: Apache-2.0

package flink

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// dataVariable names the folder of the archives.
const dataVariable = "CHROMABEAM_DATA"

// engine is where a job of the figures runs.
type engine struct {
	name   string
	server *server
	flags  []string
}

// TestFigures times the jobs of the notes on real archives, on every engine, and prints
// a table: the seconds of a job, those of the same job for one picture (what an engine
// takes to start), the checksum of all outputs, and the bytes between workers.
func TestFigures(t *testing.T) {
	need(t, kindFigures)
	data := os.Getenv(dataVariable)
	if data == "" {
		t.Fatalf("%s must name the folder of the archives", dataVariable)
	}
	p := newProgram(t)
	emoji, faces := filepath.Join(data, "emoji-256-pokemon-layout.zip"), filepath.Join(data, "faces-64-anime-layout.zip")
	prepare := func(preset, input, size, workers string) []string {
		return []string{"prepare", "-preset", preset, "-input", input, "-size", size, "-shards", "8", "-workers", workers, "-json"}
	}
	bulk := []string{"bulk", "-input", faces, "-limit", "1000", "-backend", "go", "-workers", "2", "-json"}
	all := []job{
		{"prepare 819, 64 px", prepare("pokemon", emoji, "64", "2"), "set", 0},
		{"prepare 819, 256 px", prepare("pokemon", emoji, "256", "2"), "set", 0},
		{"prepare 6000, 256 px, 1 core a worker", prepare("anime-faces", faces, "256", "1"), "set", 0},
		{"bulk 1000", bulk, "coloured", 1000},
	}
	table := &strings.Builder{}
	fmt.Fprint(table, "\n| job | engine | seconds | for 1 picture | bytes sent | outputs |\n|---|---|---|---|---|---|\n")
	defer func() { t.Log(table) }()
	sums := map[string]string{}
	measure := func(engines ...engine) {
		for _, e := range engines {
			for _, j := range all {
				p.figure(t, table, sums, e, j)
			}
		}
	}
	measure(engine{name: "direct"}, engine{name: "prism", flags: []string{"-runner", "prism"}})
	t.Run("local", func(t *testing.T) {
		s := startServer(t)
		t.Logf("%s after %v", s.endpoint, s.start)
		measure(engine{"flink [local]", s, s.on("flink", ownProcess, 1)})
	})
	t.Run("cluster", func(t *testing.T) {
		s := startCluster(t, 2)
		t.Logf("%s after %v", s.endpoint, s.start)
		for _, parallelism := range []int{1, 2, 4} {
			measure(engine{fmt.Sprintf("flink cluster, parallelism %d", parallelism), s, s.on("flink", ownProcess, parallelism)})
		}
	})
}

// figure adds a row to the table, and wants the outputs of all engines to be the same.
func (p program) figure(t *testing.T, table *strings.Builder, sums map[string]string, e engine, j job) {
	t.Helper()
	folder := strings.ReplaceAll(e.name+"-"+j.name, " ", "-")
	took := func(folder string, more ...string) float64 {
		args := slices.Concat(j.args, []string{"-output", filepath.Join(folder, j.output)}, e.flags, more)
		began := time.Now()
		p.run(t, args...)
		return time.Since(began).Seconds()
	}
	start := took(folder+"-1", "-limit", "1")
	before := e.sent(t)
	seconds, sum := took(folder), digest(p.outputs(t, folder))
	sent := "-"
	if before != nil {
		var total int64
		for id, n := range e.sent(t) {
			if _, old := before[id]; !old {
				total += n
			}
		}
		sent = fmt.Sprint(total)
	}
	fmt.Fprintf(table, "| %s | %s | %.1f | %.1f | %s | `%s` |\n", j.name, e.name, seconds, start, sent, sum)
	if sums[j.name] == "" {
		sums[j.name] = sum
	}
	if sums[j.name] != sum {
		t.Errorf("%s on %s: outputs %s, want %s", j.name, e.name, sum, sums[j.name])
	}
}

// sent is [server.shuffled] for an engine that can say it, else nil.
func (e engine) sent(t *testing.T) map[string]int64 {
	t.Helper()
	if e.server == nil || e.server.rest == "" {
		return nil
	}
	return e.server.shuffled(t)
}
