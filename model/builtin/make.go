// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// Make writes the files beside weights.safetensors in a folder: model.json, and
// card.json with the sentences that it has and everything else anew. The recipe is
// that of the run folder, the metrics are files that evaluate -json has printed of
// these very weights, by the name of their set.
func Make(dir, run string, metrics map[string]string) (Card, error) {
	text, err := os.ReadFile(filepath.Join(dir, CardFile))
	if err != nil {
		return Card{}, fmt.Errorf("reading the card's sentences: %w", err)
	}
	c, err := decodeCard(text)
	if err != nil {
		return Card{}, err
	}
	exported, err := model.OpenSource(filepath.Join(dir, WeightsFile))
	if err != nil {
		return Card{}, err
	}
	about, err := model.ReadExported(exported)
	if err != nil {
		return Card{}, err
	}
	c.Name, c.Parameters, c.ToolVersion = Name, about.Parameters, about.ToolVersion
	c.Weights = Weights{
		DType: about.DType, Bytes: about.Bytes, SHA256: about.SHA256,
		Checkpoint: about.Checkpoint, Step: about.Step, SourceSHA256: about.Hash,
	}
	c.Recipe = Name
	if c.Settings, err = readSettings(run); err != nil {
		return Card{}, err
	}
	if c.Metrics, err = readMetrics(metrics, about.SHA256); err != nil {
		return Card{}, err
	}
	if text, err = json.MarshalIndent(c, "", "  "); err != nil {
		return Card{}, fmt.Errorf("encoding the card: %w", err)
	}
	return c, errors.Join(
		model.WriteModelConfig(dir, about.Generator),
		os.WriteFile(filepath.Join(dir, CardFile), append(text, '\n'), 0o644))
}

// readSettings reads the run's recipe.json.
func readSettings(run string) (settings map[string]any, err error) {
	text, err := os.ReadFile(filepath.Join(run, "recipe.json"))
	if err != nil {
		return nil, fmt.Errorf("reading the run's recipe: %w", err)
	}
	if err := json.Unmarshal(text, &settings); err != nil {
		return nil, fmt.Errorf("decoding the run's recipe: %w", err)
	}
	delete(settings, "about") // which changes nothing in a run
	return settings, nil
}

// readMetrics reads evaluations and refuses those of other weights.
func readMetrics(metrics map[string]string, sum string) ([]Metrics, error) {
	var list []Metrics
	for _, set := range slices.Sorted(maps.Keys(metrics)) {
		text, err := os.ReadFile(metrics[set])
		if err != nil {
			return nil, fmt.Errorf("reading the metrics of %s: %w", set, err)
		}
		var e struct {
			Pictures         int           `json:"pictures"`
			Split            string        `json:"split"`
			Model            string        `json:"model"`
			Raw              pixel.Quality `json:"raw"`
			Recombined       pixel.Quality `json:"recombined"`
			Gray             pixel.Quality `json:"gray"`
			TrueColorfulness float64       `json:"true_colorfulness"`
		}
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, fmt.Errorf("decoding the metrics of %s: %w", set, err)
		}
		if e.Model != sum {
			return nil, fmt.Errorf("the metrics of %s are of model %q, not of %s, which is %q", set, e.Model, WeightsFile, sum)
		}
		list = append(list, Metrics{
			Set: set, Split: e.Split, Pictures: e.Pictures,
			Raw: rounded(e.Raw), Recombined: rounded(e.Recombined), Gray: rounded(e.Gray),
			TrueColorfulness: round(e.TrueColorfulness),
		})
	}
	return list, nil
}

// rounded drops digits that say nothing about a few hundred pictures.
func rounded(q pixel.Quality) pixel.Quality {
	return pixel.Quality{
		L1: round(q.L1), PSNR: round(q.PSNR), SSIM: round(q.SSIM), Colorfulness: round(q.Colorfulness), CIEDE2000: round(q.CIEDE2000),
	}
}

func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }
