// SPDX-License-Identifier: Apache-2.0

// Package builtin is the model in the box: a small generator inside the binary,
// with which colorize and bulk work at once on a machine that has nothing else.
//
// It is made of three files: weights.safetensors (bfloat16, 4.7 MB), model.json,
// the network's configuration, and card.json, which says what it was trained on,
// how well it does and what it is not good for. These commands make them anew.
// The splits follow from the pictures' bytes, so that the pictures that measure
// the network are none of those that trained it. The folder both has the PNGs of
// the two archives.
//
//	chromabeam prepare -preset pokemon -size 64 -val-percent 5 -input emoji.zip -output data/emoji
//	chromabeam prepare -preset anime-faces -val-percent 5 -input faces.zip -output data/faces
//	chromabeam prepare -size 64 -val-percent 5 -input both -output data/both
//	chromabeam train -recipe builtin -data data/both -output runs/builtin
//	chromabeam export -model runs/builtin -checkpoint ema -layout chromabeam -dtype bfloat16 \
//	    -overwrite model/builtin/weights.safetensors
//	chromabeam evaluate -model model/builtin/weights.safetensors -data data/emoji -json > emoji.json
//	chromabeam evaluate -model model/builtin/weights.safetensors -data data/faces -json > faces.json
//	go run ./cmd/builtincard -run runs/builtin -metrics emoji=emoji.json -metrics faces=faces.json
//
// The last one writes model.json, and into card.json whatever can be found out;
// its sentences are edited by hand. It wants metrics of these weights in float32
// (-precision float32 where the backend's own is another).
//
// The package stands below all that opens models, by way of package origin, and
// above package model, which knows nothing of it.
package builtin

import (
	"embed"

	"github.com/chromabeam/chromabeam/model"
)

// Name stands for the model in the box where a run folder's path may stand. A
// folder of that name is ./builtin.
const Name = "builtin"

// The files.
const (
	WeightsFile = "weights.safetensors"
	CardFile    = "card.json"
)

//go:embed weights.safetensors model.json card.json
var files embed.FS

// Source returns the model in the box.
func Source() model.Source { return model.NewSource(Name, files, WeightsFile) }
