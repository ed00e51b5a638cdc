// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// inbox is the place that a simulated watch looks at.
type inbox interface {
	// put makes or replaces a file and returns its version as ledgers have it.
	put(name string, data []byte) (version string)
	remove(name string)
}

type folderInbox struct {
	t     *testing.T
	dir   string
	ticks int
}

// put gives each write a time of its own, as a clock would.
func (f *folderInbox) put(name string, data []byte) string {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	f.ticks++
	at := time.Unix(1_000_000, int64(f.ticks))
	if err := errors.Join(os.WriteFile(path, data, 0o644), os.Chtimes(path, at, at)); err != nil {
		f.t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		f.t.Fatal(err)
	}
	return versionOf(source.Ref{Size: info.Size(), Version: strconv.FormatInt(info.ModTime().UnixNano(), 36)})
}

func (f *folderInbox) remove(name string) {
	f.t.Helper()
	if err := os.Remove(filepath.Join(f.dir, name)); err != nil {
		f.t.Fatal(err)
	}
}

type bucketInbox struct{ server *gcstest.Server }

func (b bucketInbox) put(name string, data []byte) string {
	return versionOf(source.Ref{Size: int64(len(data)), Version: fmt.Sprint(b.server.Put("bucket", "in/"+name, data))})
}

func (b bucketInbox) remove(name string) { b.server.Delete("bucket", "in/"+name) }

// simulation is an inbox in which files arrive, are written to bit by bit, are
// replaced and vanish, and what must come of it.
type simulation struct {
	t      *testing.T
	box    inbox
	random *rand.Rand
	grows  bool // files may be there by half
	made   [][]byte
	files  []*arrival
	count  int
	// due are the pictures that must be coloured, and may those that may be: ones
	// that were only there for a moment. Both map name and version to the picture.
	due, may map[string][]byte
	torn     map[string]bool // versions of files by half
	twice    map[string]bool // versions that two listings had
}

type arrival struct {
	name    string
	data    []byte
	written int // bytes so far
	version string
	seen    int // listings with this version
}

func newSimulation(t *testing.T, box inbox, grows bool) *simulation {
	s := &simulation{
		t: t, box: box, grows: grows, random: rand.New(rand.NewPCG(7, 7)),
		due: map[string][]byte{}, may: map[string][]byte{}, torn: map[string]bool{}, twice: map[string]bool{},
	}
	for i := range 7 {
		s.made = append(s.made, pngBytes(t, gray(12+i, 14, uint64(i))))
	}
	return s
}

func (s *simulation) picture() []byte { return s.made[s.random.IntN(len(s.made))] }

func (s *simulation) chance(percent int) bool { return s.random.IntN(100) < percent }

// write puts the first bytes of a file's picture in place.
func (s *simulation) write(a *arrival, bytes int) {
	a.written, a.seen = min(bytes, len(a.data)), 0
	a.version = s.box.put(a.name, a.data[:a.written])
	if a.written < len(a.data) {
		s.torn[a.name+" "+a.version] = true
	} else {
		s.may[a.name+" "+a.version] = a.data
	}
}

// step is what happens between two rounds.
func (s *simulation) step() {
	for _, a := range s.files {
		if a.written < len(a.data) && s.chance(70) { // else its writer pauses
			s.write(a, a.written+1+s.random.IntN(len(a.data)))
		}
	}
	if s.chance(15) {
		a := &arrival{name: fmt.Sprintf("%05d.png", s.count), data: s.picture()}
		s.count++
		s.files = append(s.files, a)
		if s.grows && s.chance(50) {
			s.write(a, 1+s.random.IntN(len(a.data)))
		} else {
			s.write(a, len(a.data))
		}
	}
	if s.chance(5) && len(s.files) > 0 {
		a := s.files[s.random.IntN(len(s.files))]
		a.data = s.picture()
		s.write(a, len(a.data))
	}
	for len(s.files) > 30 || s.chance(5) && len(s.files) > 0 {
		i := s.random.IntN(len(s.files))
		s.box.remove(s.files[i].name)
		s.files = append(s.files[:i], s.files[i+1:]...)
	}
}

// sighted notes that a round has listed all files.
func (s *simulation) sighted() {
	for _, a := range s.files {
		if a.seen++; a.seen >= 2 {
			s.twice[a.name+" "+a.version] = true
		}
	}
}

// listed lets a file be written to before the round that has listed it can have
// read it, and notes what is due in that round.
func (s *simulation) listed() {
	if s.grows && s.chance(10) && len(s.files) > 0 {
		a := s.files[s.random.IntN(len(s.files))]
		a.data = s.picture()
		s.write(a, len(a.data)/2)
	}
	for _, a := range s.files {
		if a.seen >= 2 && a.written == len(a.data) {
			s.due[a.name+" "+a.version] = a.data
		}
	}
}

// check compares the ledger with what was to be done.
func (s *simulation) check(d *driver) {
	s.t.Helper()
	want := map[string]string{} // what each picture becomes
	for _, data := range s.made {
		colored, err := d.engine.Colorize(s.t.Context(), data, FormatPNG)
		if err != nil {
			s.t.Fatal(err)
		}
		want[string(data)] = sum(colored)
	}
	lines := map[string]int{}
	last := map[string]line{}
	err := eachLine(s.t.Context(), d.st, 0, func(l line, _ int) error {
		key := l.Source + " " + l.Version
		last[l.Source] = l
		switch {
		case !s.twice[key]:
			s.t.Errorf("%s was not left for another round: %+v", key, l)
		case l.rejected():
			if !s.torn[key] && !l.Transient {
				s.t.Errorf("%s is rejected: %s", key, l.Reason)
			}
			return nil
		case s.torn[key]:
			s.t.Errorf("%s was read by half", key)
		case s.may[key] == nil:
			s.t.Errorf("%s was never there", key)
		case l.SHA256 != want[string(s.may[key])]:
			s.t.Errorf("%s became another picture", key)
		}
		lines[key]++
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for key := range s.due {
		if lines[key] != 1 {
			s.t.Errorf("%s was coloured %d times, want once", key, lines[key])
		}
	}
	for _, a := range s.files {
		if l := last[a.name]; a.seen >= 2 && a.written == len(a.data) && (l.rejected() || l.Version != a.version) {
			s.t.Errorf("%s stands as %+v", a.name, l)
		}
	}
	if len(s.due) < s.count/2 || len(s.due) > len(s.may) {
		s.t.Errorf("%d files came, %d pictures were due of %d", s.count, len(s.due), len(s.may))
	}
	s.t.Logf("%d files came, %d pictures were due, %d were coloured, %d files seen by half", s.count, len(s.due), len(lines), len(s.torn))
}
