// SPDX-License-Identifier: Apache-2.0

// Package inference colours pictures with a trained network: the one place
// outside of model and train that knows tensors.
//
// An [Engine] holds a loaded model and what the whole process shares around it:
// a pool for decoding and encoding, one queue of batches for the device, and a
// byte budget for pictures in work. A Beam bundle (or anything else that has
// pictures) opens a [Stream] on it, submits tasks and takes results in the
// order of submission, all from one goroutine.
//
// # Independence
//
// The network always runs at one batch size, short batches being padded, and
// nothing in it looks at a picture's neighbours. So the bytes of a result do
// not depend on which pictures shared its batch, on the number of workers or on
// the order of input. A batch that fails is run again one picture at a time. Where
// the device's memory is too small for a batch, half as many pictures are computed
// at a time from then on, which may change the last bits of the network's colours.
//
// # Luma
//
// The network gives colour alone; luma stays the picture's own. From JPEG to JPEG
// its quantized coefficients go over into the new file as they are, the network
// looks at a reduced picture made of them, and only chroma is encoded. Where that
// is not possible (an orientation, a gray profile that is not sRGB's, coding that
// is not covered) or not wanted, the picture is decoded whole: luma then goes to
// the JPEG encoder unconverted or, with chroma, into an RGB PNG, of 16 bits where
// the source has them. EXIF blocks and profiles for RGB are carried over.
//
// # Memory
//
// What a picture needs is estimated from its header before it is decoded and
// taken from the budget, in the order of submission within a stream; what it does
// not need any more once it is decoded is given back then, the rest when the result
// has been stored. A picture holding budget never waits for more, and a batch that
// is not full starts when a picture waits for budget and the device is idle: hence
// no deadlock.
//
// A file takes its size, as the index of its source has it, from a quarter of
// the budget that is set apart for files, before it is read. It gives that back
// when the picture has got its part of the other three quarters.
package inference
