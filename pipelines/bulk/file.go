// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// ColorizeFile colours one picture, through the same engine as [Run] and so to
// the same bytes. The name out decides the format: .jpg, .jpeg or .png; it must
// agree with o.Format. An existing file is replaced with o.Overwrite only, and
// is written whole or not at all. SkipColor and what o says of many pictures, such
// as Input, Output and Runner, is not used. A picture that cannot be used is a
// [fault.PictureError] in the error's chain.
func ColorizeFile(ctx context.Context, o Options, in, out string) error {
	o.SkipColor = false
	if err := o.validateCommon(); err != nil {
		return fault.AsRequest(err)
	}
	encoding, err := fileFormat(o.Format, out)
	if err != nil {
		return err
	}
	info, err := os.Stat(in)
	switch {
	case err != nil:
		return fault.Request("opening picture: %w", err)
	case !info.Mode().IsRegular():
		return fault.Request("opening picture %q: it must be a regular file; for a folder use bulk", in)
	}
	if err := mayWrite(out, info, o.Overwrite); err != nil {
		return err
	}
	if info.Size() > o.Limits.MaxBytes {
		return fmt.Errorf("reading %q: %w", in,
			fault.Picture(fault.StageRead, "the file has %d bytes, the limit is %d", info.Size(), o.Limits.MaxBytes))
	}
	data, err := os.ReadFile(in)
	if err != nil {
		return fmt.Errorf("reading picture: %w", err)
	}
	if folder, err := os.Stat(filepath.Dir(out)); err != nil || !folder.IsDir() {
		return fault.Request("output %q must lie in a folder that is there", out)
	}
	e, giveBack, err := inference.Lease(ctx, o.settings())
	if err != nil {
		return fault.AsRequest(err)
	}
	colored, err := e.Colorize(ctx, data, encoding)
	if err := errors.Join(err, giveBack()); err != nil {
		return fmt.Errorf("colouring %q: %w", in, err)
	}
	err = store.PublishFile(filepath.Dir(out), filepath.Base(out), func(w io.Writer) error {
		_, err := w.Write(colored)
		return cmp.Or(err, mayWrite(out, info, o.Overwrite)) // it may have come meanwhile
	})
	if err != nil {
		return fmt.Errorf("writing %q: %w", out, err)
	}
	return nil
}

// mayWrite refuses an output that is the input, and one that exists unless it
// may be overwritten. A symbolic link exists, wherever it leads.
func mayWrite(out string, in fs.FileInfo, overwrite bool) error {
	if target, err := os.Stat(out); err == nil && os.SameFile(in, target) {
		return fault.Request("output must not be the input, got %q for both", out)
	}
	_, err := os.Lstat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fault.Request("looking at output: %w", err)
	case !overwrite:
		return fault.Request("output %q exists: name another one, or allow it to be overwritten", out)
	}
	return nil
}

// fileFormat returns the format that a file's name asks for.
func fileFormat(format Format, name string) (Format, error) {
	var encoding Format
	switch {
	case isJPEG(name):
		encoding = FormatJPEG
	case !converts(name, FormatPNG):
		encoding = FormatPNG
	default:
		return "", fault.Request("output must end in .jpg, .jpeg or .png, got %q", name)
	}
	if format != FormatSame && format != encoding {
		return "", fault.Request("format %s does not fit the output's name %q", format, name)
	}
	return encoding, nil
}
