// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package source

import (
	"errors"
	"os"
)

// tempFile returns a file that nobody else finds and that goes when it is
// closed, however the process ends.
func tempFile() (*os.File, error) {
	file, err := os.CreateTemp("", "chromabeam-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
