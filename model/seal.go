// SPDX-License-Identifier: Apache-2.0

package model

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
)

// ErrDamaged says that a weight file is not what was written.
var ErrDamaged = errors.New("the file is damaged")

// checksumKey is where a weight file's metadata holds the CRC-32C of its header
// and data, computed with noChecksum in its place.
const (
	checksumKey = "chromabeam.crc32c"
	noChecksum  = "00000000"
)

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// withChecksum returns the metadata with room for the checksum.
func withChecksum(metadata map[string]string) map[string]string {
	m := make(map[string]string, len(metadata)+1)
	maps.Copy(m, metadata)
	m[checksumKey] = noChecksum
	return m
}

// checksumField is how the checksum stands in a header's JSON.
func checksumField(sum string) []byte { return fmt.Appendf(nil, "%q:%q", checksumKey, sum) }

// sealHeader fills in the checksum of a header that has room for it.
func sealHeader(header []byte, list []NamedTensor) ([]byte, error) {
	sum := crc32.Checksum(header, castagnoli())
	for _, t := range list {
		if err := t.Tensor.ConstBytes(func(data []byte) { sum = crc32.Update(sum, castagnoli(), data) }); err != nil {
			return nil, fmt.Errorf("reading tensor %q: %w", t.Name, err)
		}
	}
	return bytes.Replace(header, checksumField(noChecksum), checksumField(fmt.Sprintf("%08x", sum)), 1), nil
}

// seal compares a file with its checksum while it is read.
type seal struct {
	want string // empty where the file has none
	lost bool   // a damaged key stands where the checksum's was
	sum  uint32
}

func openSeal(header []byte, metadata map[string]string) *seal {
	s := &seal{want: metadata[checksumKey]}
	plain := bytes.Replace(header, checksumField(s.want), checksumField(noChecksum), 1)
	s.sum = crc32.Checksum(plain, castagnoli())
	for key := range metadata {
		s.lost = s.lost || s.want == "" && damagedKey(key)
	}
	return s
}

// damagedKey tells whether a key is the checksum's but for a byte or a few in a
// row: such a file had a checksum.
func damagedKey(key string) bool {
	const want = checksumKey
	head := 0
	for head < min(len(key), len(want)) && key[head] == want[head] {
		head++
	}
	tail := 0
	for tail < min(len(key), len(want))-head && key[len(key)-1-tail] == want[len(want)-1-tail] {
		tail++
	}
	return head+tail >= len(want)-2
}

func (s *seal) add(data []byte) { s.sum = crc32.Update(s.sum, castagnoli(), data) }

// Write adds what is read and not kept.
func (s *seal) Write(data []byte) (int, error) {
	s.add(data)
	return len(data), nil
}

func (s *seal) check() error {
	if s.lost {
		return errors.New("the name of its checksum is damaged")
	}
	if got := fmt.Sprintf("%08x", s.sum); s.want != "" && s.want != got {
		return fmt.Errorf("its checksum is %s, the header says %s", got, s.want)
	}
	return nil
}
