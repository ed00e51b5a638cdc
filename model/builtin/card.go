// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// Card says what a model is, as card.json.
type Card struct {
	// Name is the model's, Summary one sentence.
	Name    string `json:"name"`
	Summary string `json:"summary"`
	// Data is what it was trained on.
	Data []Data `json:"data"`
	// Recipe is the name of the training's recipe, Settings its keys and values.
	Recipe   string         `json:"recipe"`
	Settings map[string]any `json:"settings"`
	// Metrics are those of pictures that took no part in training.
	Metrics []Metrics `json:"metrics"`
	// GoodFor and NotFor are sentences.
	GoodFor []string `json:"good_for"`
	NotFor  []string `json:"not_for"`
	// Parameters counts the trainable values.
	Parameters int64   `json:"parameters"`
	Weights    Weights `json:"weights"`
	// ToolVersion is the version of chromabeam that exported the weights.
	ToolVersion string `json:"tool_version"`
}

// Data is a set of pictures.
type Data struct {
	// Set is its name in [Metrics], What its pictures show.
	Set  string `json:"set"`
	What string `json:"what"`
	// Pictures counts them, those that measure the network included.
	Pictures int `json:"pictures"`
	// Source, Author and License are those of the pictures.
	Source  string `json:"source"`
	Author  string `json:"author"`
	License string `json:"license"`
	// LicenseURL is where the licence can be read.
	LicenseURL string `json:"license_url"`
	// Changes says what was done to the pictures.
	Changes string `json:"changes"`
}

// Metrics are what evaluate measures on one set; see [pixel.Quality].
type Metrics struct {
	Set      string `json:"set"`
	Split    string `json:"split"`
	Pictures int    `json:"pictures"`
	// Raw measures the network's output as it is, Recombined its colours under
	// the picture's own luma, as bulk writes them.
	Raw        pixel.Quality `json:"raw"`
	Recombined pixel.Quality `json:"recombined"`
	// Gray measures the gray pictures as they are: what colours must better.
	Gray pixel.Quality `json:"gray"`
	// TrueColorfulness is the mean over the true pictures.
	TrueColorfulness float64 `json:"true_colorfulness"`
}

// Weights describe weights.safetensors.
type Weights struct {
	DType  string `json:"dtype"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	// Checkpoint is which of the run's weights they are, Step how many steps of all
	// stages were behind them, SourceSHA256 the hash of the run's network.
	Checkpoint   string `json:"checkpoint"`
	Step         int64  `json:"step"`
	SourceSHA256 string `json:"source_sha256"`
}

// ReadCard returns the card of the model in the box.
func ReadCard() (Card, error) {
	text, err := files.ReadFile(CardFile)
	if err != nil {
		return Card{}, fmt.Errorf("reading the card of the model in the box: %w", err)
	}
	return decodeCard(text)
}

func decodeCard(text []byte) (Card, error) {
	var c Card
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Card{}, fmt.Errorf("decoding %s: %w", CardFile, err)
	}
	return c, nil
}
