// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// folded holds hashes of the names given so far, in lower case. It is nil where
// the output tells case apart, as most do, and costs nothing there.
type folded map[[16]byte]struct{}

// foldedFor returns a set if the output takes "A.png" and "a.png" for one file,
// which the records' folder, called in capitals, shows. An archive tells them
// apart.
func foldedFor(l layout) folded {
	records, err := os.Stat(filepath.Join(l.Output, stateName))
	if err != nil {
		return nil
	}
	capitals, err := os.Stat(filepath.Join(l.Output, strings.ToUpper(stateName)))
	if err != nil || !os.SameFile(records, capitals) {
		return nil
	}
	return folded{}
}

// add refuses a name that differs from an earlier one in case alone. The reject
// is transient: the other picture may be gone the next time.
func (f folded) add(name string) error {
	if f == nil {
		return nil
	}
	sum := sha256.Sum256([]byte(strings.ToLower(name)))
	key := [16]byte(sum[:16])
	if _, found := f[key]; found {
		return &fault.PictureError{
			Stage: fault.StageWrite, Transient: true,
			Reason: "the output does not tell this name from another picture's that differs in case alone",
		}
	}
	f[key] = struct{}{}
	return nil
}
