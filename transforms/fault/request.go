// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"errors"
	"fmt"
)

// RequestError marks a request that cannot work, whatever the machine does.
type RequestError struct{ Err error }

// Error returns the wrapped error's text.
func (e *RequestError) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *RequestError) Unwrap() error { return e.Err }

// Request returns a [RequestError] whose text is formatted as by [fmt.Errorf].
func Request(format string, args ...any) error {
	return &RequestError{Err: fmt.Errorf(format, args...)}
}

// AsRequest marks err as a request error; nil stays nil.
func AsRequest(err error) error {
	if err == nil || IsRequest(err) {
		return err
	}
	return &RequestError{Err: err}
}

// IsRequest reports whether err says that the request cannot work.
func IsRequest(err error) bool {
	var r *RequestError
	return errors.As(err, &r)
}
