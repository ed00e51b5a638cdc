// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// The exit codes, as every command's help lists them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRejects     = 3
	exitInterrupted = 130
)

const exitCodeHelp = `exit codes:
  0    done (a training run that diverged too: its record says so)
  1    failed
  2    usage, or a request that cannot work
  3    done, but some pictures were rejected
  130  interrupted
`

// rejectsError says that a job was done but left pictures out.
type rejectsError struct {
	count int64
	where string
}

func (e *rejectsError) Error() string {
	if e.count == 1 {
		return fmt.Sprintf("1 picture was rejected; the reason is in %s", e.where)
	}
	return fmt.Sprintf("%d pictures were rejected; the reasons are in %s", e.count, e.where)
}

// exitCode maps an error to the exit code that scripts may rely on.
func exitCode(err error) int {
	var rejects *rejectsError
	var picture *fault.PictureError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &rejects), errors.As(err, &picture):
		return exitRejects
	case errors.Is(err, train.ErrInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case fault.IsRequest(err):
		return exitUsage
	default:
		return exitFailed
	}
}
