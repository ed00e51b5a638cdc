// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/zip"
	"bufio"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// inflaters keeps decompressors, about 45 KiB each, for the next member. It
// belongs to the process since every archive and every goroutine may take any
// of them.
var inflaters = sync.Pool{New: func() any {
	input := bufio.NewReader(nil)
	return &inflater{input: input, output: flate.NewReader(input)}
}}

// registerInflate makes the reader use klauspost's inflate, which takes 0.7 of
// the standard library's time on pictures of some 50 kB.
func registerInflate(r *zip.Reader) {
	r.RegisterDecompressor(zip.Deflate, func(compressed io.Reader) io.ReadCloser {
		i := inflaters.Get().(*inflater)
		i.input.Reset(compressed)
		// The decompressor would otherwise make itself a buffer for each member.
		if err := i.output.(flate.Resetter).Reset(i.input, nil); err != nil {
			return failed{err}
		}
		return &borrowed{i}
	})
}

type inflater struct {
	input  *bufio.Reader
	output io.ReadCloser
}

// borrowed gives its decompressor back when closed.
type borrowed struct{ *inflater }

func (b *borrowed) Read(p []byte) (int, error) {
	if b.inflater == nil {
		return 0, io.ErrClosedPipe
	}
	return b.output.Read(p)
}

func (b *borrowed) Close() error {
	if b.inflater == nil {
		return io.ErrClosedPipe
	}
	err := b.output.Close()
	b.input.Reset(nil) // lets go of the archive
	inflaters.Put(b.inflater)
	b.inflater = nil
	return err
}

// failed answers everything with its error.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

func (f failed) Close() error { return f.err }
