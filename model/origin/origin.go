// SPDX-License-Identifier: Apache-2.0

// Package origin opens the model that a name stands for: the one in the box, a run
// folder or an exported file on this machine, or either of these in a bucket. What
// takes a model's name from a user goes through it.
//
// A run folder in a bucket is as train has left it: model.json, and checkpoints/
// with the pointers and the weight files. It may be copied there while the run goes
// on, the weight file before the pointer to it.
//
// A weight file is downloaded once and in pieces: [model.Source.Load] hashes it
// while it is read, so that nothing is held of it but the generator, which is a
// third of a checkpoint, and no disk is needed. A file that export -layout
// chromabeam has written is the generator alone, and better for many workers.
//
// Like package builtin it stands below all that opens models and above package
// model, which knows nothing of it.
package origin

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/builtin"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// Open finds the model in the box for [builtin.Name], a run folder or an exported
// file under gs:// for a URL, and otherwise what [model.OpenSource] finds under that
// path. What is under gs:// is read under ctx for as long as the source is used.
func Open(ctx context.Context, name string) (model.Source, error) {
	switch {
	case name == builtin.Name:
		return builtin.Source(), nil
	case gcs.IsURL(name):
		return openBucket(ctx, name)
	}
	return model.OpenSource(name)
}

// weightExtension is that of exported files.
const weightExtension = ".safetensors"

// openBucket asks whether there is such a model, so that a wrong name is found
// before a backend is opened.
func openBucket(ctx context.Context, name string) (model.Source, error) {
	folder, file := strings.TrimRight(name, "/"), model.ModelFile
	exported := path.Ext(name) == weightExtension
	if exported {
		folder, file = path.Split(name)
	}
	st, err := store.Open(folder)
	if err != nil {
		return model.Source{}, err
	}
	if _, err := st.Stat(ctx, file); err != nil {
		return model.Source{}, fmt.Errorf("finding the model: %w", err)
	}
	if exported {
		return model.NewFileSource(name, &files{ctx, st}, file), nil
	}
	return model.NewRunSource(st.URI(), &files{ctx, st}), nil
}
