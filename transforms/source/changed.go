// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// changed is the fault of a picture that is not what was listed any more:
// replaced, deleted, or in an archive that was. It is transient, since another
// try may help when the input is back, and a new listing will.
func changed(reason string, cause error) error {
	return &fault.PictureError{Stage: fault.StageRead, Reason: reason, Transient: true, Err: cause}
}

// absent is the fault of a picture that is not there. One without a version was
// not there when it was listed either, and nothing has changed.
func absent(r Ref, reason string, cause error) error {
	if r.Version != "" {
		return changed(reason, cause)
	}
	return &fault.PictureError{Stage: fault.StageRead, Reason: reason, Err: cause}
}

const archiveChanged = "the archive has changed since it was listed"

func errArchiveChanged() error { return changed(archiveChanged, nil) }

func errNoSuchMember() error { return changed("no such member: "+archiveChanged, nil) }

// lasting reports whether the service will answer the same until somebody
// changes the object or who may read it.
func lasting(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, gcs.ErrDenied) ||
		errors.Is(err, gcs.ErrInvalid) || errors.Is(err, gcs.ErrEncoded)
}

// objectError says why an object was not read.
func objectError(ctx context.Context, r Ref, err error) error {
	reason, transient := "unreadable object", true
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, gcs.ErrChanged):
		return changed("changed or deleted since it was listed", err)
	case errors.Is(err, fs.ErrNotExist):
		return absent(r, "there is no such object", err)
	case errors.Is(err, gcs.ErrTooLarge):
		reason, transient = "too large", false
	case errors.Is(err, gcs.ErrInvalid):
		reason, transient = "the service does not take the name", false
	}
	return &fault.PictureError{Stage: fault.StageRead, Reason: reason, Transient: transient, Err: err}
}

// blobError says that a member's bytes could not be fetched.
func blobError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, gcs.ErrChanged), errors.Is(err, fs.ErrNotExist):
		return changed(archiveChanged, err)
	default:
		return &fault.PictureError{
			Stage: fault.StageRead, Reason: "unreadable archive", Transient: !errors.Is(err, gcs.ErrEncoded), Err: err,
		}
	}
}

// folderError says why a file was not read.
func folderError(r Ref, err error) error {
	reason, transient := "unreadable file", true
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return absent(r, "file is gone, or a symbolic link to nothing", err)
	case strings.Contains(err.Error(), "escapes from parent"): // os has no exported error for it
		reason, transient = "symbolic link leads out of the input folder", false
	}
	return &fault.PictureError{Stage: fault.StageRead, Reason: reason, Transient: transient, Err: err}
}
