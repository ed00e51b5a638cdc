// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
)

// residentEngine runs the network alone: one batch of gray pictures lies on the
// device as 8-bit levels, and the coloured levels stay there.
type residentEngine struct {
	store *ml.Store
	exec  *ml.Exec
	gray  *tensors.Tensor
}

func newResidentEngine(o InferOptions, n *network, batch int) (e *residentEngine, err error) {
	e = &residentEngine{store: ml.NewStore()}
	defer func() {
		if err != nil {
			e.close()
			e, err = nil, fmt.Errorf("opening model %q: %w", n.name, err)
		}
	}()
	if err := n.load(e.store, o.Checkpoint); err != nil {
		return e, err
	}
	model.SetPrecision(e.store, o.Backend.Precision)
	if err := model.SetConvolutions(e.store, o.form()); err != nil {
		return e, err
	}
	shape := shapes.Make(dtypes.Uint8, batch, n.config.Size, n.config.Size, 1)
	levels := make([]byte, shape.Size())
	for i, v := range noise(len(levels)) {
		levels[i] = byte((v + 1) * 127.5)
	}
	if e.gray, err = tensors.FromRaw(o.Backend.Backend, 0, shape, levels); err != nil {
		return e, err
	}
	e.exec, err = ml.NewExec(o.Backend.Backend, e.store, func(scope *ml.Scope, gray *graph.Node) *graph.Node {
		x := graph.AddScalar(graph.MulScalar(graph.ConvertDType(gray, dtypes.Float32), 1/127.5), -1)
		y := model.Generator(scope.In(model.GeneratorScope), n.config, x, model.Infer)
		y = graph.Round(graph.MulScalar(graph.AddScalar(y, 1), 127.5))
		return graph.ConvertDType(graph.ClipScalar(y, 0, 255), dtypes.Uint8)
	})
	if err != nil {
		return e, err
	}
	_, err = e.exec.Compile(shape)
	return e, err
}

func (e *residentEngine) run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	out, err := e.exec.Exec(e.gray)
	if err != nil {
		return fmt.Errorf("colouring: %w", err)
	}
	return out[0].FinalizeAll()
}

func (e *residentEngine) lanes() int { return 1 }

func (e *residentEngine) close() {
	if e.exec != nil {
		e.exec.Finalize()
	}
	if e.gray != nil {
		e.gray.MustFinalizeAll()
	}
	e.store.Finalize()
}
