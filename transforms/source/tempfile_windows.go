// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"os"
)

// deleteOnClose is FILE_FLAG_DELETE_ON_CLOSE, which [os.OpenFile] hands on.
const deleteOnClose = 0x04000000

// tempFile returns a file that goes when it is closed, however the process
// ends. It keeps its name until then: this system removes no open file.
func tempFile() (*os.File, error) {
	made, err := os.CreateTemp("", "chromabeam-*")
	if err != nil {
		return nil, err
	}
	name := made.Name()
	if err := made.Close(); err != nil {
		return nil, errors.Join(err, os.Remove(name))
	}
	file, err := os.OpenFile(name, os.O_RDWR|deleteOnClose, 0o600)
	if err != nil {
		return nil, errors.Join(err, os.Remove(name))
	}
	return file, nil
}
