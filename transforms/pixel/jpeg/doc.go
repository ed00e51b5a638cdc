// SPDX-License-Identifier: Apache-2.0

// Package jpeg decodes JPEG files at 1/1, 1/2, 1/4 or 1/8 of their size, and
// gives a file other colour while its luma is kept bit for bit.
//
// A picture that will be shrunk anyway need not be decoded whole: the first
// coefficients of each block of 8x8 pixels are that block at a smaller size,
// and the others are passed over without being looked at. At 1/8 only the mean
// of each block is left.
//
// A file's luma may also be read as the quantized coefficients that it consists
// of, see [ReadLuma]. Those are never turned into pixels, but for the reduced
// picture that a network looks at, and [Luma.WriteColor] writes them again with
// other chroma. In a sequential file even their Huffman code is only copied: its
// symbols are looked at no more than it takes to pass over them. Chroma is
// transformed straight from its own resolution, a few samples to a block.
//
// The package takes and refuses what image/jpeg takes and refuses, with that
// package's errors, with three exceptions. Files of four components (CMYK and
// its kin) are not decoded at all, nor are files of more than 500 scans. And the
// blocks of a scan of one component are counted as the standard has it and libjpeg
// does, so that files with restart intervals are read which image/jpeg takes for
// damaged. The package imports the standard library alone and holds no state: its
// functions may be called concurrently.
package jpeg
