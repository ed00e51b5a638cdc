// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// keyOf names a picture of the input: the first half of the SHA-256 of its name
// and place, in hex, and of the entry of a list that it belongs to. It is spread
// evenly, so that it also picks parts of an archive and the pictures that a
// report shows.
func keyOf(r source.Ref, input string) string {
	h := sha256.New()
	h.Write(r.Member)
	h.Write([]byte{0})
	h.Write(strconv.AppendInt(nil, r.Offset, 10))
	if entry := entryOf(r, input); entry != "" {
		h.Write([]byte{0})
		h.Write([]byte(entry))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// versionOf names the picture's content as far as a listing shows it.
func versionOf(r source.Ref) string { return strconv.FormatInt(r.Size, 10) + "-" + r.Version }

// line is one line of the ledger: a picture that was written, or rejected.
type line struct {
	Key     string `json:"key"`
	Source  string `json:"source"`
	Version string `json:"version"`
	Model   string `json:"model"`
	// Settings is the hash of what decides the output's bytes, for a reject
	// also of the limits that may have caused it.
	Settings string `json:"settings"`
	// Output is the coloured picture's name, Bytes its size, SHA256 its
	// checksum.
	Output string `json:"output,omitempty"`
	Bytes  int64  `json:"bytes,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	// Stage, Reason and Transient describe a reject.
	Stage     fault.Stage `json:"stage,omitempty"`
	Reason    string      `json:"reason,omitempty"`
	Transient bool        `json:"transient,omitempty"`
}

func (l line) rejected() bool { return l.Stage != "" }

// state is what is known of a picture.
type state uint8

const (
	stateClaimed state = iota // planned; its name is the job's
	stateDone
	stateRejected
	stateTransient
)

// entry is what is kept in memory of a picture's last line: some 100 bytes
// with its place in the map.
type entry struct {
	match  uint64 // of version, model and settings
	bytes  int64
	pixels int64
	state  state
}

// book is the ledger in memory, by key.
type book map[[16]byte]entry

func rawKey(key string) (raw [16]byte, err error) {
	if n, err := hex.Decode(raw[:], []byte(key)); err != nil || n != len(raw) || len(key) != 2*len(raw) {
		return raw, fmt.Errorf("key %q must have 32 hex digits", key)
	}
	return raw, nil
}

// matchOf condenses what must be equal for a line to count.
func matchOf(version, model, settings string) uint64 {
	sum := sha256.Sum256([]byte(version + "\x00" + model + "\x00" + settings))
	var v uint64
	for _, b := range sum[:8] {
		v = v<<8 | uint64(b)
	}
	return v
}

func (b book) add(l line) error {
	key, err := rawKey(l.Key)
	if err != nil {
		return err
	}
	e := entry{
		match: matchOf(l.Version, l.Model, l.Settings),
		bytes: l.Bytes, pixels: int64(l.Width) * int64(l.Height), state: stateDone,
	}
	switch {
	case l.rejected() && l.Transient:
		e.state = stateTransient
	case l.rejected():
		e.state = stateRejected
	}
	b[key] = e
	return nil
}

// eachLine calls visit for every line of the ledger, segment after segment in
// the order of runs: of two lines with one key the later counts.
func (l layout) eachLine(visit func(line) error) error {
	names, err := listDir(l.ledger())
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := readLines(filepath.Join(l.ledger(), name), visit); err != nil {
			return err
		}
	}
	return nil
}

// listDir returns the sorted names of the JSON lines files in a folder; a folder
// that is not there is empty.
func listDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listing %q: %w", dir, err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".jsonl") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// readLines decodes a file of JSON lines.
func readLines[T any](name string, visit func(T) error) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("opening a record: %w", err)
	}
	d := json.NewDecoder(bufio.NewReaderSize(f, 1<<16))
	for {
		var v T
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return f.Close()
		}
		if err == nil {
			err = visit(v)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("reading record %q: %w", name, err), f.Close())
		}
	}
}

// writeLines encodes values as JSON lines.
func writeLines[T any](w io.Writer, values []T) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, v := range values {
		if err := e.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

// writeSegment publishes lines as a new segment of the ledger. The name starts
// with the run, so that segments sort by run, and is the writer's alone.
func (l layout) writeSegment(run int, writer string, n int, lines []line) error {
	name := filepath.Join(l.ledger(), fmt.Sprintf("%06d-%s-%06d.jsonl", run, writer, n))
	err := l.publishSteps(name, func(w io.Writer) error { return writeLines(w, lines) }, hit(fpSegmentWritten))
	if err != nil {
		return fmt.Errorf("writing ledger segment %q: %w", name, err)
	}
	failpoint.Hit(fpSegmentRenamed)
	return nil
}
