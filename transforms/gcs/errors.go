// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
)

// What callers ask for with [errors.Is], beside [fs.ErrNotExist] for an object
// or bucket that is not there.
var (
	// ErrConflict: the condition of a write or a removal is not met, because
	// somebody else wrote or removed the object.
	ErrConflict = errors.New("the object is not as expected: another process wrote or removed it")
	// ErrChanged: the generation that was asked for is gone. The error is also
	// [fs.ErrNotExist] where no other generation took its place.
	ErrChanged = errors.New("the object changed")
	// ErrDenied: the service wants credentials, or others.
	ErrDenied = errors.New("access denied")
	// ErrInvalid: the service does not take the request, whenever it is made: a
	// name breaks its rules or is too long.
	ErrInvalid = errors.New("the service does not accept the request")
	// ErrTooLarge: an object has more bytes than a read allows.
	ErrTooLarge = errors.New("the object is too large")
)

const deniedAdvice = "run \"gcloud auth application-default login\", or have the account granted " +
	"roles/storage.objectViewer for reading, roles/storage.objectUser for writing"

// explain names what was done to which object and classifies the cause.
func explain(doing, bucket, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %q: %w", doing, URL{Bucket: bucket, Object: name}.String(), classify(err))
}

func classify(err error) error {
	var token *auth.Error
	switch code := status(err); {
	case errors.Is(err, storage.ErrBucketNotExist):
		return fmt.Errorf("the bucket does not exist: %w", fs.ErrNotExist)
	case missing(err):
		return fs.ErrNotExist
	case code == http.StatusPreconditionFailed:
		return ErrConflict
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return fmt.Errorf("%w: %w; %s", ErrDenied, err, deniedAdvice)
	case code == http.StatusBadRequest, code == http.StatusRequestURITooLong:
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	case errors.As(err, &token) && !token.Temporary():
		return fmt.Errorf("%w: %w; %s", ErrDenied, err, deniedAdvice)
	}
	return err
}

// missing reports whether the answer was that there is no such object.
func missing(err error) bool {
	return status(err) == http.StatusNotFound || errors.Is(err, storage.ErrObjectNotExist)
}

// status returns the answer's HTTP status, or 0 where the error is none.
func status(err error) int {
	if answer, ok := errors.AsType[*googleapi.Error](err); ok {
		return answer.Code
	}
	return 0
}
