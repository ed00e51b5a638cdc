// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"crypto/sha256"
	"path"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// entryOf returns the folder, pattern or archive of a list that a picture
// belongs to. It is empty where the input itself has the picture.
func entryOf(r source.Ref, input string) string {
	if r.URI == input {
		return ""
	}
	return r.URI
}

// nameOf is the picture's name for people and records: of a list's pictures it
// says where they are, since two of its entries may hold the same name.
func nameOf(r source.Ref, input string) string {
	entry, name := entryOf(r, input), r.Name()
	switch u, err := gcs.ParseURL(entry); {
	case entry == "":
		return name
	case entry == "/" || err == nil && u.Object == "":
		return strings.TrimSuffix(entry, "/") + "/" + name
	case path.Base(entry) == name: // it stands for an entry that cannot be read
		return entry
	}
	return name + " in " + entry
}

// taken says which names of coloured pictures are given, and to pictures of
// which entry: some 40 bytes a name, as a hash.
type taken struct {
	by      map[[16]byte]uint32 // index of the entry
	entries []string
	index   map[string]uint32
}

func newTaken() *taken { return &taken{by: map[[16]byte]uint32{}, index: map[string]uint32{}} }

// add refuses a name that an earlier picture has. Where that is another entry's
// the reject is transient: a list may change.
func (t *taken) add(name, uri string) error {
	sum := sha256.Sum256([]byte(name))
	key := [16]byte(sum[:16])
	first, found := t.by[key]
	switch {
	case !found:
		at, known := t.index[uri]
		if !known {
			at = uint32(len(t.entries))
			t.index[uri], t.entries = at, append(t.entries, uri)
		}
		t.by[key] = at
		return nil
	case t.entries[first] == uri:
		return fault.Picture(fault.StageRead, "the archive holds this name more than once; only the first is used")
	}
	err := fault.Picture(fault.StageWrite,
		"%q and %q both hold a picture of this name, which the output can have once; only the first is used", t.entries[first], uri)
	err.Transient = true
	return err
}
