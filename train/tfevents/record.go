// SPDX-License-Identifier: Apache-2.0

package tfevents

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	// headerSize is the length and its checksum, in bytes.
	headerSize = 8 + checksumSize
	// checksumSize is a checksum, in bytes.
	checksumSize = 4
	// maxRecord bounds the data of a record, in bytes. The largest hold
	// a grid of sample pictures, a few million bytes.
	maxRecord = 1 << 26
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the checksum of TFRecords: CRC-32C, turned and shifted, so that
// the checksum of data that holds checksums stays meaningful.
func maskedCRC(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// appendRecord appends data, framed.
func appendRecord(b, data []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(b[start:]))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, maskedCRC(data))
}

// readRecord returns the data of the next record and the bytes that it took
// with its frame, or io.EOF where r ends before it.
func readRecord(r io.Reader) (data []byte, size int64, err error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, 0, err // io.EOF only if there was not a single byte
	}
	if binary.LittleEndian.Uint32(header[8:]) != maskedCRC(header[:8]) {
		return nil, 0, errors.New("the checksum of the length is wrong")
	}
	length := binary.LittleEndian.Uint64(header[:8])
	if length > maxRecord {
		return nil, 0, fmt.Errorf("length must be at most %d bytes, got %d", maxRecord, length)
	}
	// The buffer grows with what arrives: a length is believed no further.
	var rest bytes.Buffer
	if _, err := io.CopyN(&rest, r, int64(length)+checksumSize); errors.Is(err, io.EOF) {
		return nil, 0, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, 0, err
	}
	data = rest.Bytes()[:length]
	if binary.LittleEndian.Uint32(rest.Bytes()[length:]) != maskedCRC(data) {
		return nil, 0, errors.New("the checksum of the data is wrong")
	}
	return data, headerSize + int64(length) + checksumSize, nil
}
