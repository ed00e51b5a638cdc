// SPDX-License-Identifier: Apache-2.0

package tfevents

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The CRC-32C of "123456789" is 0xe3069283, the check value of every catalogue;
// turned right by 15 bits 0x2507c60d, plus 0xa282ead8 0xc78ab0e5. The 32 zeros
// are RFC 3720's first example, 0x8a9136aa. TensorBoard's Python reader says
// the same of both.
func TestMaskedCRC(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want uint32
	}{
		{"check value", []byte("123456789"), 0xc78ab0e5},
		{"32 zeros", make([]byte, 32), 0x0fd7fffa},
		{"nothing", nil, 0xa282ead8}, // the CRC is 0
	} {
		if got := maskedCRC(c.data); got != c.want {
			t.Errorf("maskedCRC(%s) = %#x, want %#x", c.name, got, c.want)
		}
	}
}

// The bytes are argued field by field; those of each whole record were compared
// with what TensorBoard 2.21.0's own protos and checksum write.
func TestGolden(t *testing.T) {
	const wall = "09 0000 2040 fc54d941" // field 1, fixed64: 1700000000.5 as a double, little-endian
	for _, c := range []struct {
		name  string
		event Event
		want  []string
	}{
		{
			"version", Event{WallTime: 1700000000.5, FileVersion: fileVersion},
			[]string{
				"1800000000000000", // 24 bytes follow the header
				"a37f4b22",         // masked checksum of these
				wall,
				"1a0d", "627261696e2e4576656e743a32", // field 3, 13 bytes: brain.Event:2
				"2b353110", // masked checksum of the 24 bytes
			},
		},
		{
			"scalar", Event{WallTime: 1700000000.5, Step: 300, Scalars: []Scalar{{"l1/train", 0.25}}},
			[]string{
				"1f00000000000000", "514b4418", // 31 bytes
				wall,
				"10ac02",                   // field 2, varint 300: 0x2c + 2<<7
				"2a11",                     // field 5, summary, 17 bytes
				"0a0f",                     // its field 1, value, 15 bytes
				"0a08", "6c312f747261696e", // its field 1, tag, 8 bytes: l1/train
				"15", "0000803e", // its field 2, fixed32: 0.25 is 0x3e800000
				"80ddb603",
			},
		},
		{
			"picture", Event{WallTime: 1700000000.5, Step: 7, Images: []Image{{"samples", []byte("png"), 3, 2, 3}}},
			[]string{
				"2500000000000000", "eabc36f3", // 37 bytes
				wall,
				"1007",         // step 7
				"2a18", "0a16", // summary of 24 bytes, value of 22
				"0a07", "73616d706c6573", // tag, 7 bytes: samples
				"220b",                 // field 4, image, 11 bytes
				"0802", "1003", "1803", // height 2, width 3, color space 3: RGB
				"2203", "706e67", // field 4, 3 bytes: png
				"603eebde",
			},
		},
		{
			"text", Event{WallTime: 1700000000.5, Step: 7, Text: []Text{{"note", "hi"}}},
			[]string{
				"2900000000000000", "37ff5f00", // 41 bytes
				wall,
				"1007",         // step 7
				"2a1c", "0a1a", // summary of 28 bytes, value of 26
				"0a04", "6e6f7465", // tag, 4 bytes: note
				"4208",                         // field 8, tensor, 8 bytes
				"0807", "1200", "4202", "6869", // DT_STRING, shape of a scalar, 2 bytes: hi
				"4a08", "0a06", "0a04", "74657874", // field 9, metadata: plugin: name: text
				"028af5d5",
			},
		},
		{
			"restart", Event{WallTime: 1700000000.5, Step: 7, Restart: true},
			[]string{
				"0f00000000000000", "6d532b09", // 15 bytes
				wall,
				"1007",         // step 7
				"3a02", "0801", // field 7, session log, 2 bytes: status 1, START
				"9beb06a7",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := hex.EncodeToString(appendRecord(nil, encodeEvent(c.event)))
			if diff := cmp.Diff(strings.ReplaceAll(strings.Join(c.want, ""), " ", ""), got); diff != "" {
				t.Errorf("the record differs (-want +got):\n%s", diff)
			}
		})
	}
}
