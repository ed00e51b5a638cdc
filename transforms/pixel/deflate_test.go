// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"
)

// deflated compresses data by writes of n bytes.
func deflated(d *deflater, data []byte, n int) []byte {
	d.reset(nil)
	for len(data) > 0 {
		k := min(n, len(data))
		d.write(data[:k])
		data = data[k:]
	}
	return d.finish()
}

// checkDeflate asks the standard library and this package's own decompressor.
func checkDeflate(t *testing.T, name string, packed, want []byte) {
	t.Helper()
	got, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil || !bytes.Equal(want, got) {
		t.Fatalf("%s: compress/flate reads %d bytes, %v, want %d", name, len(got), err, len(want))
	}
	stream := append([]byte{0x78, 0x9c}, packed...)
	stream = binary.BigEndian.AppendUint32(stream, adler(want))
	own := make([]byte, len(want))
	if !new(inflater).zlib(own, stream) || !bytes.Equal(want, own) {
		t.Fatalf("%s: the own decompressor fails", name)
	}
}

func TestDeflate(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 8))
	noise := make([]byte, 400_000)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	skewed := make([]byte, 300_000) // needs code lengths above the limit: each value half as likely as the one before
	for i := range skewed {
		for skewed[i] = 0; skewed[i] < 30 && rng.Uint32()&1 == 0; {
			skewed[i]++
		}
	}
	far := make([]byte, 0, 500_000) // repeats at and around the largest distance
	for len(far) < 450_000 {
		if n := rng.IntN(300); len(far) > maxBack+1 && n > 5 {
			from := len(far) - maxBack + rng.IntN(3) - 1
			far = append(far, far[from:from+n]...)
		} else {
			far = append(far, byte(rng.Uint32()))
		}
	}
	fibonacci := make([]byte, 0, 100_000)
	for v, a, b := byte(0), 1, 1; v < 22; v, a, b = v+1, b, a+b {
		fibonacci = append(fibonacci, bytes.Repeat([]byte{v * 11}, a)...)
	}
	rng.Shuffle(len(fibonacci), func(i, j int) { fibonacci[i], fibonacci[j] = fibonacci[j], fibonacci[i] })
	tests := map[string][]byte{
		"empty": {}, "one": {5}, "seven": []byte("abcabca"), "zeros": make([]byte, 700_000), "noise": noise,
		"skewed": skewed, "far": far, "fibonacci": fibonacci, "two values": bytes.Repeat([]byte{1, 2}, 100),
	}
	var d deflater
	for name, data := range tests {
		for _, n := range []int{100, 769, 1 << 20} {
			packed := deflated(&d, data, n)
			checkDeflate(t, name, packed, data)
			if name == "noise" && len(packed) > len(data)+len(data)/200 {
				t.Errorf("noise grows from %d to %d bytes", len(data), len(packed))
			}
			var fresh deflater
			if !bytes.Equal(packed, deflated(&fresh, data, n)) {
				t.Errorf("%s: a used deflater gives other bytes than a fresh one", name)
			}
		}
	}
}

func TestLimitLengths(t *testing.T) {
	t.Parallel()
	// Fibonacci counts make the deepest trees.
	counts := make([]uint32, 19)
	a, b := uint32(1), uint32(1)
	for i := range counts {
		counts[i] = a
		a, b = b, a+b
	}
	var c blockCodes
	codes := make([]huffCode, 19)
	for _, longest := range []int{5, 7, 15} {
		c.assign(codes, counts, longest)
		used := 0
		for i, code := range codes {
			if code.n == 0 || int(code.n) > longest {
				t.Errorf("longest %d: symbol %d has %d bits", longest, i, code.n)
			}
			used += 1 << (longest - int(code.n))
		}
		if used != 1<<longest {
			t.Errorf("longest %d: the codes fill %d of %d", longest, used, 1<<longest)
		}
	}
}

func FuzzDeflate(f *testing.F) {
	f.Add([]byte("abcdefabcdefabcdef"), uint16(3), uint16(1))
	f.Add(make([]byte, 1000), uint16(200), uint16(40))
	f.Fuzz(func(t *testing.T, data []byte, write, times uint16) {
		data = bytes.Repeat(data, 1+int(times)%50)
		if len(data) > 1<<19 {
			return
		}
		var d deflater
		checkDeflate(t, "fuzzed", deflated(&d, data, 1+int(write)), data)
	})
}

// What the decompressor accepts, the standard library must read alike; what
// compressors write, it must accept.
func FuzzInflate(f *testing.F) {
	text := bytes.Repeat([]byte("a picture is worth a thousand words; "), 40)
	for level := -2; level <= 9; level++ {
		f.Add(encoded(f, func(b *bytes.Buffer) error {
			w, err := flate.NewWriter(b, level)
			if err != nil {
				return err
			}
			if _, err := w.Write(text); err != nil {
				return err
			}
			return w.Close()
		}))
	}
	var d deflater
	f.Add(deflated(&d, text, 100))
	f.Add(deflated(&d, photo(40, 40).Pix, 120))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		want, err := io.ReadAll(io.LimitReader(flate.NewReader(r), 1<<20))
		if len(want) == 1<<20 {
			return
		}
		got := make([]byte, len(want))
		switch ok := new(inflater).raw(got, data); {
		case ok && err != nil:
			t.Errorf("accepted what compress/flate refuses: %v", err)
		case ok && !bytes.Equal(want, got):
			t.Error("bytes differ")
		case !ok && err == nil && r.Len() == 0:
			t.Error("refused what compress/flate reads")
		}
	})
}
