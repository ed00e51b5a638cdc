// SPDX-License-Identifier: Apache-2.0

package model_test

import (
	"context"
	"fmt"

	"github.com/chromabeam/chromabeam/model"
)

// A Colorizer maps gray values to colours; pictures are squares of the network's
// size. See package bulk for files of any size and format.
func ExampleColorizer() {
	backend, err := model.OpenBackend("go") // or "auto": CUDA, XLA on the CPU, Go
	if err != nil {
		panic(err)
	}
	defer backend.Finalize()
	run, clean := exampleRun() // what chromabeam train has made
	defer clean()
	c, err := model.OpenColorizer(backend, run, model.ColorizerOptions{Batch: 2})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	gray := make([]float32, 2*c.Size()*c.Size()) // two pictures, from -1 for black to 1 for white
	rgb, err := c.Colorize(context.Background(), gray)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d pictures of %dx%d pixels with %d values each\n", 2, c.Size(), c.Size(), len(rgb)/len(gray))
	// Output: 2 pictures of 16x16 pixels with 3 values each
}
