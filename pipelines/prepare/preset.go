// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/source"
)

// Preset names a collection whose layout is known.
type Preset string

// The presets.
const (
	// PresetNone takes every picture; the size must be given.
	PresetNone Preset = "none"
	// PresetPokemon is the collection of 819 pictures of 256 px that holds
	// each twice, pokemon/pokemon/N.png with alpha and
	// pokemon_jpg/pokemon_jpg/N.jpg: the PNGs are taken, or the JPEGs where
	// there is no PNG at all.
	PresetPokemon Preset = "pokemon"
	// PresetAnimeFaces is the collection of faces of 64 px in data/N.png,
	// data/data/N.png or both: exact copies are kept once, as always.
	PresetAnimeFaces Preset = "anime-faces"
)

func (p Preset) validate() error {
	switch p {
	case PresetNone, PresetPokemon, PresetAnimeFaces:
		return nil
	}
	return fmt.Errorf("preset must be one of %s, %s, %s, got %q", PresetPokemon, PresetAnimeFaces, PresetNone, p)
}

// size returns the preset's picture size in pixels, 0 for none.
func (p Preset) size() int {
	switch p {
	case PresetPokemon:
		return 256
	case PresetAnimeFaces:
		return 64
	default:
		return 0
	}
}

// selector returns which of a source's pictures the preset takes. It goes by
// names alone, wherever in the source the collection's own folders begin.
func (p Preset) selector(ctx context.Context, src source.Source) (func(source.Ref) bool, error) {
	if p != PresetPokemon {
		return func(source.Ref) bool { return true }, nil
	}
	found := false
	err := src.List(ctx, func(r source.Ref) error {
		found = found || isPNG(r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for PNGs: %w", err)
	}
	return func(r source.Ref) bool { return !found || isPNG(r) }, nil
}

func isPNG(r source.Ref) bool { return strings.EqualFold(path.Ext(string(r.Member)), ".png") }
