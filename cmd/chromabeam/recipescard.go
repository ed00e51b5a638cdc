// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/chromabeam/chromabeam/model/builtin"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// shownRecipe is a recipe as JSON: that of the model in the box has its card.
type shownRecipe struct {
	recipes.Experiment

	Card *builtin.Card `json:"card,omitempty"`
}

// withCard adds the card to the recipe of the model in the box.
func withCard(e recipes.Experiment) (shownRecipe, error) {
	if e.Name != builtin.Name {
		return shownRecipe{Experiment: e}, nil
	}
	c, err := builtin.ReadCard()
	return shownRecipe{e, &c}, err
}

// cardPage describes the model in the box, whatever settings have changed in the
// recipe.
func cardPage(c builtin.Card) string {
	var b strings.Builder
	section := func(heading string, lines ...string) {
		b.WriteString("\n" + heading + "\n" + strings.Join(lines, ""))
	}
	w := c.Weights
	section("the model in the box (-model "+c.Name+")", wrap(c.Summary, "  "), wrap(fmt.Sprintf(
		"%s parameters in %.1f MB of %s: checkpoint %s after %s steps, exported by version %s, sha256 %s",
		report.Grouped(c.Parameters), float64(w.Bytes)/1e6, w.DType, w.Checkpoint, report.Grouped(w.Step), c.ToolVersion, w.SHA256,
	), "  "))
	var data []string
	for _, d := range c.Data {
		data = append(data, wrap(fmt.Sprintf("%s: %s pictures, %s; from %s, by %s; licence %s (%s); %s",
			d.Set, report.Grouped(int64(d.Pictures)), d.What, d.Source, d.Author, d.License, d.LicenseURL, d.Changes), "  "))
	}
	section("what it was trained on", data...)
	section("how well it colours pictures that took no part in that", cardMetrics(c))
	section("good for", sentences(c.GoodFor)...)
	section("not good for", sentences(c.NotFor)...)
	return b.String()
}

// cardMetrics is a table of the network's colours under the picture's own luma,
// and of the gray pictures as they are.
func cardMetrics(c builtin.Card) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-8s %8s %-8s %7s %6s %7s %9s %13s\n",
		"set", "pictures", "", "L1", "PSNR", "SSIM", "CIEDE2000", "colourfulness")
	for _, m := range c.Metrics {
		pictures := report.Grouped(int64(m.Pictures))
		for _, row := range []struct {
			set, pictures, what string
			q                   pixel.Quality
		}{{m.Set, pictures, "coloured", m.Recombined}, {"", "", "gray", m.Gray}} {
			fmt.Fprintf(&b, "  %-8s %8s %-8s %7.4f %6.2f %7.4f %9.2f %13.1f\n",
				row.set, row.pictures, row.what, row.q.L1, row.q.PSNR, row.q.SSIM, row.q.CIEDE2000, row.q.Colorfulness)
		}
		fmt.Fprintf(&b, "  %-8s %8s %-8s %46.1f\n", "", "", "true", m.TrueColorfulness)
	}
	return b.String() + wrap("Coloured under the picture's own luma, as colorize and bulk do.", "  ")
}

// sentences makes a list.
func sentences(list []string) []string {
	lines := make([]string, len(list))
	for i, s := range list {
		lines[i] = "  - " + strings.TrimPrefix(wrap(s, "    "), "    ")
	}
	return lines
}
