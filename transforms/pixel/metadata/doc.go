// SPDX-License-Identifier: Apache-2.0

// Package metadata carries what a picture's file says beside its pixels, EXIF,
// the ICC colour profile and the resolution, from one file to another, and
// answers what has to be known of them: how the picture stands and what its gray
// levels mean.
//
// It reads JPEG, PNG, WebP and TIFF and writes JPEG and PNG. XMP, IPTC and
// comments stay behind. The bytes are a stranger's: nothing here fails on them
// or allocates more than a small multiple of them, but for a profile that a PNG
// packs, of 16 MiB at most. What is damaged counts as not there, since it is no
// reason to lose a picture.
//
// The package imports the standard library and package ifd alone. Its functions
// are safe for concurrent use; slices that they return may be parts of those
// that they were given.
package metadata
