// SPDX-License-Identifier: Apache-2.0

package bulk_test

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"github.com/chromabeam/chromabeam/model/modeltest"
)

// exampleFolders writes three gray pictures and the run folder of a tiny
// network.
func exampleFolders() (scans, run string, clean func()) {
	dir, err := os.MkdirTemp("", "chromabeam-example-")
	scans, run = filepath.Join(dir, "scans"), filepath.Join(dir, "run")
	err = errors.Join(err, os.Mkdir(scans, 0o755), os.Mkdir(run, 0o755), modeltest.WriteTo(run, modeltest.TinyConfig(), 1))
	for i := range 3 {
		f, e := os.Create(filepath.Join(scans, fmt.Sprintf("%d.png", i)))
		err = errors.Join(err, e, png.Encode(f, image.NewGray(image.Rect(0, 0, 20, 10+i))), f.Close())
	}
	if err != nil {
		panic(err)
	}
	return scans, run, func() { _ = os.RemoveAll(dir) } // what stays is the system's to remove
}
