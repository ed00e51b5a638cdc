// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"compress/zlib"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ran returns the stream for rows of n bytes.
func ran(d *runDeflater, data []byte, n int) []byte {
	var b bytes.Buffer
	d.reset(&b)
	for ; len(data) > 0; data = data[min(n, len(data)):] {
		d.write(data[:min(n, len(data))])
	}
	d.close()
	return b.Bytes()
}

func checkRuns(tb testing.TB, d *runDeflater, data []byte, n int) {
	tb.Helper()
	stream := ran(d, data, n)
	z, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		tb.Fatal(err)
	}
	got, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(got, data) {
		tb.Fatalf("%d bytes in rows of %d came back as %d bytes, %v", len(data), n, len(got), err)
	}
	if !bytes.Equal(stream, ran(new(runDeflater), data, n)) {
		tb.Fatal("a used deflater wrote other bytes than a new one")
	}
}

func TestRunDeflater(t *testing.T) {
	t.Parallel()
	d := new(runDeflater)
	for n := range 700 { // every length of a run and what is left of it
		checkRuns(t, d, bytes.Repeat([]byte{7}, n), 1000)
	}
	// Frequencies like Fibonacci's numbers make the deepest tree there is.
	var deep []byte
	a, b := 1, 1
	for v := range byte(24) {
		for range a {
			deep = append(deep, 3*v+100)
		}
		a, b = b, a+b
	}
	mixed := make([]byte, len(deep))
	for i, v := range deep { // apart, so that they are no runs
		mixed[i*7919%len(deep)] = v
	}
	checkRuns(t, d, mixed, 1<<30)
	checkRuns(t, d, photo(120, 90).Pix, 360)
	checkRuns(t, d, bytes.Repeat([]byte{0, 0, 0, 1}, 9000), 17)
}

func FuzzRunDeflater(f *testing.F) {
	f.Add([]byte{}, []byte{1}, uint16(5), uint16(1))
	f.Add([]byte{1, 1, 1, 1, 1, 2, 3}, []byte{9, 9}, uint16(300), uint16(9))
	f.Add(photo(9, 9).Pix, []byte{0}, uint16(3), uint16(100))
	f.Fuzz(func(t *testing.T, data, past []byte, times, width uint16) {
		d, n := new(runDeflater), 1+int(width)
		ran(d, past, n)
		checkRuns(t, d, bytes.Repeat(data, min(int(times), 1<<18/(len(data)+1))), n)
	})
}

func TestRunSymbol(t *testing.T) {
	t.Parallel()
	// RFC 1951, section 3.2.5: the first length of each symbol.
	first := []int{
		3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
	}
	var got []int
	last := uint16(0)
	for run := uint16(minRun); run <= maxRun; run++ {
		symbol, extra, _ := runSymbol(run)
		if symbol != last {
			got = append(got, int(run))
			if extra != 0 || int(symbol) != 256+len(got) {
				t.Errorf("run %d: symbol %d, extra bits %d", run, symbol, extra)
			}
		} else if int(extra) != int(run)-got[len(got)-1] {
			t.Errorf("run %d: extra bits %d", run, extra)
		}
		last = symbol
	}
	if diff := cmp.Diff(first, got); diff != "" {
		t.Errorf("(-RFC 1951 +ours)\n%s", diff)
	}
}

// A code is full: no string of bits is left without a meaning.
func TestPrefixCode(t *testing.T) {
	t.Parallel()
	for name, freq := range map[string][]uint32{
		"even": {5, 5, 5, 5}, "steep": {1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233}, "gaps": {0, 7, 0, 0, 1, 3}, "two": {9, 1},
	} {
		for _, limit := range []int{4, 7, 15} {
			var p prefixCode
			p.build(freq, limit)
			total := 0
			for symbol, length := range p.lengths {
				if (length > 0) != (freq[symbol] > 0) || int(length) > limit {
					t.Errorf("%s: symbol %d has %d bits, limit %d", name, symbol, length, limit)
				}
				if length > 0 {
					total += 1 << (limit - int(length))
				}
			}
			if total != 1<<limit {
				t.Errorf("%s, limit %d: %d of %d codes are in use", name, limit, total, 1<<limit)
			}
		}
	}
	var p prefixCode
	p.build([]uint32{50, 20, 20, 10}, 15)
	if diff := cmp.Diff([]uint8{1, 3, 2, 3}, p.lengths); diff != "" {
		// Of equal frequencies the later symbol is the shorter one.
		t.Errorf("lengths (-want +got):\n%s", diff)
	}
}
