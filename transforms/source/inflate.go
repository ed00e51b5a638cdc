// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/zip"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// inflaters keeps decompressors, 40 KiB each, for the next member. It belongs
// to the process since every archive and every goroutine may take any of them.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// registerInflate makes the reader use klauspost's inflate, which is faster
// than the standard library's.
func registerInflate(r *zip.Reader) {
	r.RegisterDecompressor(zip.Deflate, func(compressed io.Reader) io.ReadCloser {
		d := inflaters.Get().(io.ReadCloser)
		if err := d.(flate.Resetter).Reset(compressed, nil); err != nil {
			return failed{err}
		}
		return &inflater{ReadCloser: d}
	})
}

// inflater gives its decompressor back when closed.
type inflater struct{ io.ReadCloser }

func (i *inflater) Close() error {
	err := i.ReadCloser.Close()
	inflaters.Put(i.ReadCloser)
	i.ReadCloser = failed{io.ErrClosedPipe}
	return err
}

// failed answers everything with its error.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

func (f failed) Close() error { return f.err }
