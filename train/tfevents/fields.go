// SPDX-License-Identifier: Apache-2.0

package tfevents

import (
	"errors"
	"io"
	"iter"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is a field of a message: number holds a varint or the bits of a
// fixed-size value, data a string, bytes or message.
type field struct {
	key    key
	number uint64
	data   []byte
}

// key is what a field is recognised by. One with another type than expected is
// an unknown field, which is passed over, as in every protobuf library.
type key struct {
	number protowire.Number
	kind   protowire.Type
}

func varintOf(n protowire.Number) key  { return key{n, protowire.VarintType} }
func fixed32Of(n protowire.Number) key { return key{n, protowire.Fixed32Type} }
func fixed64Of(n protowire.Number) key { return key{n, protowire.Fixed64Type} }
func bytesOf(n protowire.Number) key   { return key{n, protowire.BytesType} }

// fields yields the fields of a message. An error is the last thing it yields.
func fields(b []byte) iter.Seq2[field, error] {
	return func(yield func(field, error) bool) {
		for len(b) > 0 {
			number, kind, n := protowire.ConsumeTag(b)
			if n < 0 {
				yield(field{}, parseError(n))
				return
			}
			b = b[n:]
			f := field{key: key{number, kind}}
			switch kind {
			case protowire.VarintType:
				f.number, n = protowire.ConsumeVarint(b)
			case protowire.Fixed32Type:
				var v uint32
				v, n = protowire.ConsumeFixed32(b)
				f.number = uint64(v)
			case protowire.Fixed64Type:
				f.number, n = protowire.ConsumeFixed64(b)
			case protowire.BytesType:
				f.data, n = protowire.ConsumeBytes(b)
			default:
				n = protowire.ConsumeFieldValue(number, kind, b)
			}
			if n < 0 {
				yield(field{}, parseError(n))
				return
			}
			b = b[n:]
			if !yield(f, nil) {
				return
			}
		}
	}
}

// parseError explains a negative length from protowire. An end of the data is no
// io.ErrUnexpectedEOF, which stands for a file that is cut short.
func parseError(n int) error {
	err := protowire.ParseError(n)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("a message ends within a field")
	}
	return err
}
