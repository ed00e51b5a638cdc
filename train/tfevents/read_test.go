// SPDX-License-Identifier: Apache-2.0

package tfevents

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/encoding/protowire"
)

// stream returns a file of three records.
func stream() []byte {
	var b []byte
	for _, e := range []Event{
		{WallTime: 1, FileVersion: fileVersion},
		{WallTime: 2, Step: 1, Scalars: []Scalar{{"l1/train", 0.25}}},
		{WallTime: 3, Step: 1, Text: []Text{{"recipe", "e01"}}},
	} {
		b = appendRecord(b, encodeEvent(e))
	}
	return b
}

// header returns a header with the right checksum.
func header(length uint64) []byte {
	b := binary.LittleEndian.AppendUint64(nil, length)
	return binary.LittleEndian.AppendUint32(b, maskedCRC(b))
}

func count(r io.Reader) (events int, err error) {
	for _, err := range Read(r) {
		if err != nil {
			return events, err
		}
		events++
	}
	return events, nil
}

func TestDamaged(t *testing.T) {
	whole := stream()
	first := headerSize + 24 + checksumSize // the version's record
	second := first + headerSize + int(binary.LittleEndian.Uint64(whole[first:])) + checksumSize
	flipped := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 1
		return b
	}
	message := func(parts ...[]byte) []byte {
		return append(bytes.Clone(whole), appendRecord(nil, bytes.Join(parts, nil))...)
	}
	for _, c := range []struct {
		name   string
		data   []byte
		events int
		want   string
	}{
		{"length", flipped(first + 1), 1, "record at byte 40: the checksum of the length is wrong"},
		{"checksum of length", flipped(first + 8), 1, "record at byte 40: the checksum of the length is wrong"},
		{"data", flipped(first + headerSize), 1, "record at byte 40: the checksum of the data is wrong"},
		{"checksum of data", flipped(second - 1), 1, "record at byte 40: the checksum of the data is wrong"},
		{"zeros after a power cut", append(bytes.Clone(whole), make([]byte, 64)...), 3, "the checksum of the length is wrong"},
		{"too long", append(bytes.Clone(whole), header(maxRecord+1)...), 3, "length must be at most 67108864 bytes, got 67108865"},
		{"far too long", append(bytes.Clone(whole), header(1<<63)...), 3, "length must be at most"},
		{"no message", message([]byte{0xff}), 3, "decoding event: a message ends within a field"},
		{"group without end", message([]byte{0x0b}), 3, "decoding event: "},
		{"version", message(appendString(nil, eventFileVersion, "\xff")), 3, "a string is not UTF-8"},
		{"value", message(appendBytes(nil, eventSummary, appendBytes(nil, summaryValue, []byte{0x80}))), 3, "decoding event: "},
		{"tag", message(appendBytes(nil, eventSummary, appendBytes(nil, summaryValue, appendScalar(nil, Scalar{Tag: "\xff"})))), 3, "UTF-8"},
		{"text", message(appendBytes(nil, eventSummary, appendBytes(nil, summaryValue, appendText(nil, Text{Text: "\xff"})))), 3, "UTF-8"},
		{"session", message(appendBytes(nil, eventSessionLog, []byte{8})), 3, "decoding event: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := count(bytes.NewReader(c.data))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "reading event file: record at byte ") {
				t.Errorf("error %v, want one with %q and the offset", err, c.want)
			}
			if events != c.events {
				t.Errorf("%d events before it, want %d", events, c.events)
			}
			if errors.Is(err, io.ErrUnexpectedEOF) {
				t.Error("damage taken for a record cut short")
			}
		})
	}
}

// Cut anywhere, a file gives the whole records before the cut, and says where
// the rest lies unless the cut falls between two.
func TestTruncated(t *testing.T) {
	whole := stream()
	var ends []int
	for at := 0; at < len(whole); {
		at += headerSize + int(binary.LittleEndian.Uint64(whole[at:])) + checksumSize
		ends = append(ends, at)
	}
	for cut := range whole {
		want, clean := 0, cut == 0
		for _, end := range ends {
			if cut >= end {
				want++
			}
			clean = clean || cut == end
		}
		events, err := count(bytes.NewReader(whole[:cut]))
		if events != want || clean != (err == nil) || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at byte %d: %d events and error %v, want %d and, unless %t, an unexpected EOF", cut, events, err, want, clean)
		}
	}
}

// failing gives some bytes and then an error.
type failing struct{ io.Reader }

func (f failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrClosedPipe
	}
	return n, err
}

func TestReaderFails(t *testing.T) {
	whole := stream()
	for _, cut := range []int{0, 5, len(whole) - 1, len(whole)} {
		if _, err := count(failing{bytes.NewReader(whole[:cut])}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("after %d bytes: %v, want %v", cut, err, io.ErrClosedPipe)
		}
	}
}

// A header that promises the longest record and a file that ends there must not
// cost its memory.
func TestBoundedAllocation(t *testing.T) {
	data := append(header(maxRecord), make([]byte, 100)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := count(bytes.NewReader(data))
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d bytes allocated for %d bytes of input", got, len(data))
	}
}

// What other programs write is passed over: histograms, tensors of
// other plugins than text, fields of a later version, and groups, which no version has had.
func TestUnknownFields(t *testing.T) {
	histogram := appendBytes(appendString(nil, valueTag, "weights"), 5, []byte("?"))
	tensor := appendBytes(appendString(nil, valueTag, "x"), valueTensor, appendString(nil, tensorStrings, "parameters"))
	var b []byte
	b = appendInt(b, eventStep, 9)
	b = protowire.AppendGroup(protowire.AppendTag(b, 100, protowire.StartGroupType), 100, nil)
	b = appendBytes(b, 200, []byte("later"))
	b = protowire.AppendFixed32(protowire.AppendTag(b, eventWallTime, protowire.Fixed32Type), 1) // another type
	b = appendBytes(b, eventSummary, appendBytes(appendBytes(nil, summaryValue, histogram), summaryValue, tensor))
	b = appendBytes(b, eventSessionLog, appendInt(nil, sessionStatus, 2)) // STOP
	var got []Event
	for e, err := range Read(bytes.NewReader(appendRecord(nil, b))) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if diff := cmp.Diff([]Event{{Step: 9}}, got); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
}

// FuzzRead reads anything, once as a file and once as the message of a good
// record. What can be read is written and read again, the same.
func FuzzRead(f *testing.F) {
	whole := stream()
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(encodeEvent(Event{Images: []Image{{"samples", []byte("png"), 3, 2, 3}}}))
	f.Add(encodeEvent(Event{Text: []Text{{"recipe", "e01"}}, Scalars: []Scalar{{"x", 1}}}))
	f.Add(encodeEvent(Event{Step: 7, Restart: true}))
	f.Add(header(1 << 40))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range [][]byte{data, appendRecord(nil, data)} {
			var failed bool
			for e, err := range Read(bytes.NewReader(file)) {
				if failed {
					t.Fatal("something came after an error")
				}
				if failed = err != nil; failed {
					continue
				}
				again, err := decodeEvent(encodeEvent(e))
				if err != nil {
					t.Fatalf("%+v was written so that it cannot be read: %v", e, err)
				}
				if diff := cmp.Diff(e, again, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("written and read again (-want +got):\n%s", diff)
				}
			}
		}
	})
}
