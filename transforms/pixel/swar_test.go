// SPDX-License-Identifier: Apache-2.0

package pixel

import "testing"

func TestPaeth64(t *testing.T) {
	t.Parallel()
	levels := []uint8{0, 1, 2, 3, 64, 100, 126, 127, 128, 129, 200, 253, 254, 255}
	var a, b, c, got [8]uint8
	n := uint32(1)
	check := func() {
		store64(got[:], paeth64(load64(a[:]), load64(b[:]), load64(c[:])))
		for k, v := range got {
			if want := paeth(a[k], b[k], c[k]); v != want {
				t.Fatalf("lane %d: paeth of %d, %d, %d = %d, want %d", k, a[k], b[k], c[k], v, want)
			}
		}
	}
	for _, x := range levels {
		for _, y := range levels {
			for _, z := range levels {
				for k := range a { // each lane with neighbours of all kinds
					n = n*1664525 + 1013904223
					a[k], b[k], c[k] = uint8(n>>8), uint8(n>>16), uint8(n>>24)
				}
				a[n>>5%8], b[n>>5%8], c[n>>5%8] = x, y, z
				check()
			}
		}
	}
}
