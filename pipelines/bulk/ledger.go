// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strconv"
	"strings"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
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

// line is one line of the ledger: a picture that was written, left or rejected.
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
	// Generation is the coloured picture's as an object of its own under gs://.
	Generation int64 `json:"generation,omitempty"`
	// Way says how it was coded, Halved that its batch was smaller than asked
	// for, for want of memory, which may change its last bits.
	Way    string `json:"way,omitempty"`
	Halved bool   `json:"halved,omitempty"`
	// Left says that the picture has colour and was left as it is, without an
	// output.
	Left bool `json:"left,omitempty"`
	// Stage, Reason and Transient describe a reject.
	Stage     fault.Stage `json:"stage,omitempty"`
	Reason    string      `json:"reason,omitempty"`
	Transient bool        `json:"transient,omitempty"`
}

func (l line) rejected() bool { return l.Stage != "" }

// written reports whether the output has a coloured picture.
func (l line) written() bool { return !l.rejected() && !l.Left }

// state is what is known of a picture.
type state uint8

const (
	stateDone state = iota
	stateLeft
	stateRejected
	stateTransient
)

// entry is what is kept in memory of a picture's last line: some 80 bytes with
// its place in the map.
type entry struct {
	match      uint64 // of version, model and settings
	bytes      int64
	generation int64
	pixels     uint32 // no format has more
	run        int32
	// owned is of the name under which the job has written the coloured picture
	// last, of that generation, also where what has become of its source since is
	// no more than a reject. It is 0 where there was none.
	owned uint32
	state state
}

// owns reports whether the job has written the picture under that name. Settings
// that were overwritten may have given it another.
func (e entry) owns(name string) bool { return e.owned == ownedHash(name) }

// ownedHash is never 0.
func ownedHash(name string) uint32 {
	return uint32(nameHash(name)) | 1
}

// same reports whether two entries say the same of a picture, in whichever run.
func (e entry) same(o entry) bool {
	return e.match == o.match && e.state == o.state && e.bytes == o.bytes && e.pixels == o.pixels
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

func entryOfLine(l line, run int) entry {
	e := entry{
		match: matchOf(l.Version, l.Model, l.Settings), run: int32(run),
		bytes: l.Bytes, pixels: uint32(min(int64(l.Width)*int64(l.Height), math.MaxUint32)),
		generation: l.Generation, state: stateDone,
	}
	if l.written() {
		e.owned = ownedHash(l.Output)
	}
	switch {
	case l.rejected() && l.Transient:
		e.state = stateTransient
	case l.rejected():
		e.state = stateRejected
	case l.Left:
		e.state = stateLeft
	}
	return e
}

func (b book) add(l line, run int) error {
	key, err := rawKey(l.Key)
	if err != nil {
		return err
	}
	e := entryOfLine(l, run)
	if old := b[key]; e.owned == 0 {
		e.owned, e.generation = old.owned, old.generation
	}
	b[key] = e
	return nil
}

// listDir returns the sorted names of the JSON lines files in a folder; a folder
// that is not there is empty.
func listDir(ctx context.Context, st store.Store, dir string) ([]string, error) {
	infos, err := st.List(ctx, dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, i := range infos {
		if strings.HasSuffix(i.Name, ".jsonl") {
			names = append(names, i.Name)
		}
	}
	return names, nil
}

// runOf returns the run that a file of the ledger or plan belongs to.
func runOf(name string) int {
	head, _, _ := strings.Cut(path.Base(name), "-")
	n, _ := strconv.Atoi(head) // another's file belongs to no run
	return n
}

// writeSegment publishes lines as a new segment of the ledger, unless another
// job has taken the output over. The name starts with the run, so that segments
// sort by run, and is the writer's alone.
func writeSegment(
	ctx context.Context, st store.Store, rights transforms.Claim, run int, writer string, n int, lines []line,
) error {
	if err := rights.Check(ctx, st); err != nil {
		return err
	}
	name := fmt.Sprintf("%s/%06d-%s-%06d.jsonl", ledgerFolder, run, writer, n)
	_, err := st.Publish(ctx, name, store.Absent(), func(w io.Writer) error {
		if err := plan.WriteLines(w, lines); err != nil {
			return err
		}
		failpoint.Hit(fpSegmentWritten)
		return nil
	})
	if errors.Is(err, store.ErrConflict) {
		err = transforms.ErrTakenOver
	}
	if err != nil {
		return fmt.Errorf("writing ledger segment %q: %w", name, err)
	}
	failpoint.Hit(fpSegmentRenamed)
	return nil
}
