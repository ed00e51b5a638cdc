// SPDX-License-Identifier: Apache-2.0

// Package jpeg decodes JPEG files at 1/1, 1/2, 1/4 or 1/8 of their size.
//
// A picture that will be shrunk anyway need not be decoded whole: the first
// coefficients of each block of 8x8 pixels are that block at a smaller size,
// and the others are passed over without being looked at. At 1/8 only the mean
// of each block is left.
//
// The package takes and refuses what image/jpeg takes and refuses, with that
// package's errors, except for files of four components (CMYK and its kin),
// which it does not decode at all. It imports the standard library alone and
// holds no state: its functions may be called concurrently.
package jpeg
