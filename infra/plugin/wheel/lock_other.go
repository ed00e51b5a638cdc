// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin

package wheel

import (
	"errors"
	"os"
)

// tryLock is not needed where no plugin can be installed.
func tryLock(*os.File) error { return errors.ErrUnsupported }
