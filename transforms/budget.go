// SPDX-License-Identifier: Apache-2.0

package transforms

import "github.com/chromabeam/chromabeam/transforms/pixel"

// DefaultMemoryBudget is the number of bytes that the pictures in work may take
// in a process where nothing else is asked for.
const DefaultMemoryBudget = 512 << 20

// pairCost estimates, from the picture's header, the bytes that making a pair
// of it takes at the most demanding moment: the file, the decoder's picture, its
// copies as RGB and for the resampling, and the pair. Where the header is enough
// to see that decoding will fail, nothing is added to file and pair.
func pairCost(data []byte, c PairSettings) int64 {
	// RGB, gray, resampled copy and two files of at most that size.
	cost := int64(len(data)) + 12*int64(c.Size)*int64(c.Size)
	h, err := pixel.ReadHeader(data, c.Limits)
	if err != nil {
		return cost
	}
	const (
		copies = 3 + 4 // RGB and the NRGBA that is resampled, for each pixel
		most   = 4     // the decoder's picture beside them, of 8 bits a channel
	)
	pixels := int64(h.Width) * int64(h.Height)
	return cost + max(h.DecodeBytes, copies*pixels+min(h.DecodeBytes, most*pixels))
}
