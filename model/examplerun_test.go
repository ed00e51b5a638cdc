// SPDX-License-Identifier: Apache-2.0

package model_test

import (
	"os"

	"github.com/chromabeam/chromabeam/model/modeltest"
)

// exampleRun writes the run folder of a tiny network, as a training leaves one.
func exampleRun() (run string, clean func()) {
	run, err := os.MkdirTemp("", "chromabeam-example-")
	if err != nil {
		panic(err)
	}
	if err := modeltest.WriteTo(run, modeltest.TinyConfig(), 1); err != nil {
		panic(err)
	}
	return run, func() { _ = os.RemoveAll(run) } // what stays is the system's to remove
}
