// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"
)

// The members of a sample, in the order in which they lie in the tar.
const (
	colorSuffix = ".color.png"
	graySuffix  = ".gray.png"
	metaSuffix  = ".json"
)

// Writer writes one shard. It is not safe for concurrent use.
type Writer struct {
	out     counter
	tar     *tar.Writer
	last    string
	samples int
}

// counter counts and hashes what passes.
type counter struct {
	w   io.Writer
	sum hash.Hash
	n   int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.sum.Write(b[:n])
	c.n += int64(n)
	return n, err
}

// NewWriter returns a Writer onto w. Writes are many and small ones are among
// them: give it a buffered w, as that of [store.Store] is.
func NewWriter(w io.Writer) *Writer {
	s := &Writer{out: counter{w: w, sum: sha256.New()}}
	s.tar = tar.NewWriter(&s.out)
	return s
}

// Add appends a sample. Keys must come in ascending order; a key that is out of
// order, repeated or not usable as a WebDataset key is an error.
func (w *Writer) Add(s Sample) error {
	if err := checkKey(s.Key); err != nil {
		return fmt.Errorf("adding sample: %w", err)
	}
	if s.Key <= w.last {
		return fmt.Errorf("adding sample %q: keys must ascend, the one before is %q", s.Key, w.last)
	}
	meta, err := marshalMeta(s.Meta)
	if err != nil {
		return fmt.Errorf("adding sample %q: %w", s.Key, err)
	}
	for _, m := range []struct {
		suffix string
		data   []byte
	}{{colorSuffix, s.Color}, {graySuffix, s.Gray}, {metaSuffix, meta}} {
		if err := w.member(s.Key+m.suffix, m.data); err != nil {
			return fmt.Errorf("adding sample %q: %w", s.Key, err)
		}
	}
	w.last = s.Key
	w.samples++
	return nil
}

// member writes a header without owner, names and time, so that equal samples
// give equal bytes.
func (w *Writer) member(name string, data []byte) error {
	err := w.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg,
		Name:     name,
		Mode:     0o644,
		Size:     int64(len(data)),
		ModTime:  time.Unix(0, 0),
		Format:   tar.FormatUSTAR,
	})
	if err != nil {
		return err
	}
	_, err = w.tar.Write(data)
	return err
}

// Close ends the tar and returns its Samples, Bytes and SHA256; the other
// fields of [Stats] are the caller's. It does not close the underlying writer.
func (w *Writer) Close() (Stats, error) {
	if err := w.tar.Close(); err != nil {
		return Stats{}, fmt.Errorf("closing shard: %w", err)
	}
	return Stats{Samples: w.samples, Bytes: w.out.n, SHA256: hex.EncodeToString(w.out.sum.Sum(nil))}, nil
}

// marshalMeta writes names as they are: no HTML escapes.
func marshalMeta(m Meta) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
