// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// Entry is one line of a run or of a plan file: a picture with the hash of its
// bytes, or the reason why it could not be read.
type Entry struct {
	source.Ref
	// SHA256 is the hexadecimal hash of the picture's bytes.
	SHA256 string `json:"sha256,omitempty"`
	// Look is the picture's perceptual hash where near duplicates are looked
	// for; nil too where the picture could not be decoded.
	Look   *uint64       `json:"look,omitempty"`
	Reject *fault.Reject `json:"reject,omitempty"`
}

// placed is an entry with what orders it.
type placed struct {
	split int
	at    uint64
	Entry
}

// place finds an entry's split and its place there: the beginning of its hash.
// A picture without one goes among the rejects, placed by its name.
func (l Layout) place(e Entry) (placed, error) {
	if e.Reject != nil {
		name := sha256.Sum256(append([]byte(e.URI+"\x00"), e.Member...))
		return placed{rejectsSplit, binary.BigEndian.Uint64(name[:]), e}, nil
	}
	sum, err := hex.DecodeString(e.SHA256)
	if err != nil || len(sum) != sha256.Size {
		return placed{}, fmt.Errorf("picture %q: sha256 must be %d hexadecimal digits, got %q", e.Name(), 2*sha256.Size, e.SHA256)
	}
	hash := [sha256.Size]byte(sum)
	return placed{l.split(hash), binary.BigEndian.Uint64(sum), e}, nil
}

// compare orders runs and plan files: by split and hash, then by name, so that
// of exact copies the one with the smallest name comes first.
func compare(a, b placed) int {
	return cmp.Or(cmp.Compare(a.split, b.split), cmp.Compare(a.at, b.at), cmp.Compare(a.SHA256, b.SHA256),
		cmp.Compare(a.URI, b.URI), source.Compare(a.Ref, b.Ref))
}
