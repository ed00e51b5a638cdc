// SPDX-License-Identifier: Apache-2.0

// Package fault classifies what can go wrong, so that every part of the
// toolkit answers alike.
//
//   - A picture that cannot be used is data: a [PictureError] while it is
//     handled, a [Reject] in the job's records. The job goes on.
//   - A request that cannot work, such as an input without pictures, is a
//     [RequestError]: it is found before any work starts, and the command line
//     answers it with exit code 2.
//   - Everything else is an ordinary error.
//
// The package imports nothing but the standard library and may be imported
// from everywhere.
package fault

import (
	"errors"
	"fmt"
)

// Stage names the step at which a picture was given up.
type Stage string

// The stages of a picture's way through prepare and bulk.
const (
	StageRead   Stage = "read"   // fetching its bytes
	StageDecode Stage = "decode" // turning bytes into pixels
	StageFilter Stage = "filter" // the job's own filters: nothing is wrong with the picture
	StageEncode Stage = "encode" // turning pixels into bytes
	StageInfer  Stage = "infer"  // running the network
	StageWrite  Stage = "write"  // publishing the result
)

// PictureError says why one picture cannot be used.
type PictureError struct {
	Stage Stage
	// Reason is a short sentence for the user, such as "truncated PNG".
	Reason string
	// Transient is true where trying again later may help (input and output),
	// false where the bytes themselves are at fault.
	Transient bool
	// Err is the cause, or nil.
	Err error
}

// Error returns stage, reason and cause.
func (e *PictureError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Stage, e.Reason)
	}
	return fmt.Sprintf("%s: %s: %v", e.Stage, e.Reason, e.Err)
}

// Unwrap returns the cause.
func (e *PictureError) Unwrap() error { return e.Err }

// Picture returns a permanent [PictureError]; the reason is formatted as by
// [fmt.Sprintf].
func Picture(stage Stage, format string, args ...any) *PictureError {
	return &PictureError{Stage: stage, Reason: fmt.Sprintf(format, args...)}
}

// Reject is the record of a picture that was not used, one line of
// rejects.jsonl.
type Reject struct {
	// Source is the picture's name inside the job's input.
	Source    string `json:"source"`
	Stage     Stage  `json:"stage"`
	Reason    string `json:"reason"`
	Transient bool   `json:"transient,omitempty"`
}

// RejectOf turns an error met on a picture into its record. An error that is
// no [PictureError] is recorded whole under the given stage, as transient:
// nothing is known against the picture itself.
func RejectOf(source string, stage Stage, err error) Reject {
	var p *PictureError
	if !errors.As(err, &p) {
		return Reject{Source: source, Stage: stage, Reason: err.Error(), Transient: true}
	}
	reason := p.Reason
	if p.Err != nil {
		reason += ": " + p.Err.Error()
	}
	return Reject{Source: source, Stage: p.Stage, Reason: reason, Transient: p.Transient}
}
