// SPDX-License-Identifier: Apache-2.0

// Package pixel turns the bytes of pictures into pixels and back, and does the
// arithmetic of colorization on them: safe decoding of six formats, luma,
// resizing, PNG encoding, joining a full-resolution luma with the small colour
// planes that a network made, and measuring the result against the truth.
//
// Pictures come from strangers. [Decode] therefore looks at the header before
// it allocates, bounds what it allocates, recovers a decoder's panic, and
// answers every fault with a [fault.PictureError] whose reason is meant for
// the user.
//
// The package imports neither Beam nor GoMLX: it is plain arithmetic, shared
// by pipelines and training. All its functions are safe for concurrent use on
// distinct pictures.
package pixel
