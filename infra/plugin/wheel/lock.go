// SPDX-License-Identifier: Apache-2.0

package wheel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// errLocked is the answer of tryLock while another holds the lock.
var errLocked = errors.New("locked by another process")

// Lock takes the lock file at path for this process, waiting while another
// process, or another goroutine, holds it. The system frees the lock when its
// holder ends, however it ends; the file itself stays. waiting, if not nil, is
// called once if there is a wait.
func Lock(ctx context.Context, path string, waiting func()) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	for first := true; ; first = false {
		err := tryLock(f)
		if err == nil {
			return f.Close, nil
		}
		if !errors.Is(err, errLocked) {
			return nil, errors.Join(fmt.Errorf("locking %q: %w", path, err), f.Close())
		}
		if first && waiting != nil {
			waiting()
		}
		timer := time.NewTimer(100 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, errors.Join(fmt.Errorf("waiting for the lock %q: %w", path, context.Cause(ctx)), f.Close())
		}
	}
}
