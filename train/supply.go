// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/chromabeam/chromabeam/model"
)

// FeedMode says where a run keeps its training pictures.
type FeedMode string

// The feeds. All give the same batches for the same seed.
const (
	// FeedAuto is FeedDevice where the pictures fit into the bytes allowed for
	// it, else FeedStream.
	FeedAuto FeedMode = "auto"
	// FeedDevice moves all pictures to the device once, as 8-bit levels; a step
	// names the ones it wants.
	FeedDevice FeedMode = "device"
	// FeedStream reads each batch from the shards when it is due.
	FeedStream FeedMode = "stream"
)

// supply turns draws into inputs of the training programs.
type supply interface {
	// input is safe for concurrent use.
	input(d draw) (input, error)
	// close frees what inputs share.
	close()
}

// newSupply chooses between the two feeds.
func newSupply(p *pictures, device *model.Backend, mode FeedMode, most int64) (supply, error) {
	need := 4 * int64(p.n) * int64(p.size) * int64(p.size)
	if mode == FeedStream || mode != FeedDevice && need > most {
		return streamed{pictures: p, device: device}, nil
	}
	r, err := newResident(p, device)
	if err != nil { // not r: a nil pointer in an interface is not nil
		return nil, explainMemory(err, "for the training pictures", need, "let them stream, or set another backend")
	}
	return r, nil
}

// streamed reads pictures when they are due.
type streamed struct {
	pictures *pictures
	device   *model.Backend
}

func (s streamed) input(d draw) (in input, err error) {
	if err := s.pictures.add(&in, s.device, d.index); err != nil {
		return in, err
	}
	d.add(&in)
	return in, nil
}

func (s streamed) close() {}

// resident holds all pictures of a split on the device.
type resident struct{ pictures input }

// newResident decodes and moves all pictures. They are not kept on the host.
func newResident(p *pictures, device *model.Backend) (*resident, error) {
	all := make([]int32, p.n)
	for i := range all {
		all[i] = int32(i)
	}
	r := new(resident)
	if err := p.move(&r.pictures, device, all, p.decode); err != nil {
		r.close()
		return nil, fmt.Errorf("moving the data set to the device: %w", err)
	}
	return r, nil
}

func (r *resident) input(d draw) (in input, err error) {
	in.args = append(in.args, r.pictures.args...)
	in.own(tensors.FromFlatDataAndDimensions(d.index, d.parts, len(d.index)/d.parts))
	d.add(&in)
	return in, nil
}

func (r *resident) close() { r.pictures.finalize() }

// add appends the draws that are no indices.
func (d draw) add(in *input) {
	in.own(tensors.FromFlatDataAndDimensions(d.draws, d.parts, 2, len(d.index)/d.parts))
}

// add gathers pictures into two arguments, on the device: gray [n, s, s, 1] and
// color [n, s, s, 3], 8-bit levels. Graphs scale them to [-1, 1] themselves, so
// that a quarter of the bytes travels.
func (p *pictures) add(in *input, device *model.Backend, indices []int32) error {
	return p.move(in, device, indices, p.pair)
}

// move is add with pictures from the given function.
func (p *pictures) move(in *input, device *model.Backend, indices []int32, from func(i int) (*pair, error)) error {
	area := p.size * p.size
	gray, color := make([]byte, len(indices)*area), make([]byte, 3*len(indices)*area)
	err := onAllCores(len(indices), func(at int) error {
		one, err := from(int(indices[at]))
		if err != nil {
			return err
		}
		copy(gray[at*area:], one.gray)
		copy(color[3*at*area:], one.color)
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range []struct {
		data     []byte
		channels int
	}{{gray, 1}, {color, 3}} {
		moved, err := tensors.FromRaw(device.Backend, 0, shapes.Make(dtypes.Uint8, len(indices), p.size, p.size, t.channels), t.data)
		if err != nil {
			return fmt.Errorf("moving pictures to the device: %w", err)
		}
		in.own(moved)
	}
	return nil
}
