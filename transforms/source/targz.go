// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/klauspost/compress/gzip"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// maxUnpacked is where the unpacking of a tar.gz ends: beyond it is a bomb, or
// an archive that should not be packed as a whole.
const maxUnpacked = 1 << 40

// openTarGz unpacks an archive, or takes what the process has unpacked already.
// The caller closes b if there is an error.
func openTarGz(ctx context.Context, uri string, b blob) (Source, error) {
	key, err := spoolKey(uri, b)
	if err != nil {
		return nil, fault.Request("opening input: %w", err)
	}
	s, err := spools.acquire(ctx, key, func() (*spool, error) { return unpackTarGz(ctx, uri, b, maxUnpacked) })
	if err != nil {
		return nil, err
	}
	if err := b.Close(); err != nil {
		return nil, errors.Join(fmt.Errorf("closing %q: %w", uri, err), s.release())
	}
	return &tarball{uri: uri, blob: &spoolBlob{fileBlob: fileBlob{File: s.file, length: s.length}, spool: s}, damage: s.damage}, nil
}

// spoolKey names an archive as it is now.
func spoolKey(uri string, b blob) (string, error) {
	switch b := b.(type) {
	case *objectBlob:
		return uri + "#" + strconv.FormatInt(b.object.Generation, 10), nil
	case *fileBlob:
		info, err := b.Stat()
		if err != nil {
			return "", err
		}
		full, err := filepath.Abs(uri)
		return full + "#" + fileVersion(info), err
	default:
		return "", fmt.Errorf("unpacking %q: %T is no file and no object", uri, b)
	}
}

// unpackTarGz writes what a tar.gz holds into a file without a name, at most
// limit bytes. An archive that is cut off or damaged gives what comes before;
// the spool says why that is not all.
func unpackTarGz(ctx context.Context, uri string, b blob, limit int64) (s *spool, err error) {
	raw, err := b.stream(ctx)
	if err != nil {
		return nil, cloudOpenError(uri, err)
	}
	defer raw.Close()
	in := &faultKeeper{ctx: ctx, r: raw}
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		return nil, in.explain(uri, fault.Request("opening input %q: it starts as a gzip, but is damaged or cut off: %w", uri, err))
	}
	head := make([]byte, tarBlock)
	n, damage := io.ReadFull(unpacked, head)
	if !startsTar(head[:n]) {
		return nil, in.explain(uri, fault.Request("opening input %q: it is a gzip, but holds no tar", uri))
	}
	file, err := tempFile()
	if err != nil {
		return nil, fmt.Errorf("making a file to unpack %q into: %w", uri, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	out := &faultKeeper{ctx: ctx, w: file}
	if _, err := out.Write(head[:n]); err != nil {
		return nil, fmt.Errorf("unpacking %q to %q: %w", uri, os.TempDir(), err)
	}
	length := int64(n)
	if damage == nil {
		var more int64
		more, damage = io.CopyBuffer(out, io.LimitReader(unpacked, limit-length+1), make([]byte, 1<<20))
		length += more
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case out.err != nil:
		return nil, fmt.Errorf("unpacking %q to %q: %w", uri, os.TempDir(), out.err)
	case in.err != nil:
		return nil, in.explain(uri, nil)
	case length > limit:
		return nil, fault.Request("opening input %q: it unpacks to more than %d bytes; unpack it first, or split it", uri, limit)
	case errors.Is(damage, gzip.ErrChecksum):
		return nil, fault.Request("opening input %q: what it holds does not have its checksum, so that any of it may be damaged", uri)
	}
	return &spool{file: file, length: length, damage: damage}, nil
}

// faultKeeper remembers what went wrong on one side of an unpacking, which tells
// a broken connection or a full disk from a damaged archive.
type faultKeeper struct {
	ctx context.Context //nolint:containedctx // It lives as long as the call that it was made for.
	r   io.Reader
	w   io.Writer
	err error
}

func (f *faultKeeper) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

func (f *faultKeeper) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err != nil {
		f.err = err
	}
	return n, err
}

// explain returns the fault of the reader that f stands before, or else other.
func (f *faultKeeper) explain(uri string, other error) error {
	switch {
	case f.ctx.Err() != nil:
		return f.ctx.Err()
	case f.err != nil:
		return cloudOpenError(uri, f.err)
	default:
		return other
	}
}
