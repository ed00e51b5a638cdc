// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// sample is the embedded pictures: faces.zip to learn from, in the layout of
// the Anime Faces archive, and held-out.zip, which no step before the last
// sees. See sample/LICENSE.md.
//
//go:embed sample
var sample embed.FS

// demoMarker is the file by which a demo knows its own folder.
const demoMarker = "demo.json"

// claim takes possession of the output folder. One that holds anything but an
// earlier demo is refused.
func (d *demo) claim() error {
	entries, err := os.ReadDir(d.output)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Request("opening the demo's folder: %w", err)
	}
	_, err = os.Stat(d.path(demoMarker))
	if len(entries) > 0 && err != nil && !d.overwrite {
		return fault.Request("output %q holds other files than a demo's: name another folder, or allow -overwrite", d.output)
	}
	if err := os.MkdirAll(d.path("scans"), 0o755); err != nil {
		return fault.Request("making the demo's folder: %w", err)
	}
	return d.publish(".", demoMarker, []byte("{}\n"))
}

// publish writes a file of the demo; it appears whole or not at all.
func (d *demo) publish(dir, name string, data []byte) error {
	err := store.PublishFile(d.path(dir), name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing the demo's %s: %w", name, err)
	}
	return nil
}

// unpack writes the sample's archive to disk, and the held-out pictures in
// gray: those are the scans that bulk colours.
func (d *demo) unpack() error {
	data, err := sample.ReadFile("sample/faces.zip")
	if err != nil {
		return fmt.Errorf("reading the embedded sample: %w", err)
	}
	// The same bytes keep their time of change, which prepare takes for their
	// version when it resumes.
	if old, err := os.ReadFile(d.path("faces.zip")); err != nil || !bytes.Equal(old, data) {
		if err := d.publish(".", "faces.zip", data); err != nil {
			return err
		}
	}
	return eachHeldOut(func(name string, picture *pixel.RGB) error {
		var buf bytes.Buffer
		if err := pixel.EncodePNG(&buf, picture.Luma()); err != nil {
			return err
		}
		if old, err := os.ReadFile(d.path("scans", name)); err == nil && bytes.Equal(old, buf.Bytes()) {
			return nil
		}
		return d.publish("scans", name, buf.Bytes())
	})
}

// eachHeldOut visits the held-out pictures in the archive's order.
func eachHeldOut(visit func(name string, picture *pixel.RGB) error) error {
	data, err := sample.ReadFile("sample/held-out.zip")
	if err != nil {
		return fmt.Errorf("reading the embedded sample: %w", err)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("opening the embedded sample: %w", err)
	}
	for _, f := range archive.File {
		if err := visitMember(f, visit); err != nil {
			return fmt.Errorf("unpacking %q: %w", f.Name, err)
		}
	}
	return nil
}

func visitMember(f *zip.File, visit func(string, *pixel.RGB) error) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	p, err := pixel.Decode(data, pixel.DefaultLimits())
	if err != nil {
		return err
	}
	return visit(filepath.Base(f.Name), p.RGB())
}
