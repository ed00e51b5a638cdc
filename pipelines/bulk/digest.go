// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// digester condenses what a part is made of.
type digester struct{ h hash.Hash }

func newDigester() *digester { return &digester{sha256.New()} }

func (d *digester) add(values ...string) {
	for _, v := range values {
		d.h.Write([]byte(v))
		d.h.Write([]byte{0})
	}
}

func (d *digester) sum() string { return hex.EncodeToString(d.h.Sum(nil)[:16]) }
