// SPDX-License-Identifier: Apache-2.0

// Package bench times whole work on this machine: training steps ([Train]),
// colouring ([Infer]), reading and writing pictures ([Codec]) and shards
// ([Shards]). All inputs are made up, so that a figure needs no data.
//
// What runs once, such as compiling, is reported beside what is repeated; the
// latter is timed after a warm-up, and as a spread ([Spread]), since the machine
// may have other work.
//
// # What the figures mean
//
// Pictures per second count a picture once: one of the generator's batch in
// training, though each critic step sees a batch of its own. They and the FLOP/s, of
// counted operations (see train.StepFLOPs), are by the median time of a step in
// training; elsewhere, where several repetitions may be on their way at once, by the
// time from the first one's start to the last one's end. Peak memory of the process is
// what the operating system says of its resident memory since it started. Memory
// of the device is known for CUDA alone, from the driver's tool nvidia-smi, after
// the timed work: what all processes hold on that device, this one with the pool
// that XLA has grown to and keeps until the process ends. So it is an upper bound of
// what the work needs, and of several rows the later ones have that of those before
// them. The API of the XLA binding reaches neither an executable's needs
// nor the device's own statistics, so for other devices there is no figure.
//
// The package imports neither Beam nor flags; it prints nothing.
package bench
