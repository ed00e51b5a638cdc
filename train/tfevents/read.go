// SPDX-License-Identifier: Apache-2.0

package tfevents

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Read yields the events of one event file, in the file's order. Values of
// kinds that [Event] lacks, such as histograms, are passed over. An error is the
// last thing it yields and names the offset in bytes of the record that it
// stopped at; a record that is cut short, as the last one of a killed process
// may be, is an [io.ErrUnexpectedEOF], and the events before it are good.
//
// Memory is bounded by the longest record, and that by 64 MiB.
func Read(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		buffered := bufio.NewReader(r)
		for offset := int64(0); ; {
			data, size, err := readRecord(buffered)
			if errors.Is(err, io.EOF) {
				return
			}
			var e Event
			if err == nil {
				e, err = decodeEvent(data)
			}
			if err != nil {
				yield(Event{}, fmt.Errorf("reading event file: record at byte %d: %w", offset, err))
				return
			}
			if !yield(e, nil) {
				return
			}
			offset += size
		}
	}
}
