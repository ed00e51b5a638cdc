// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// writePage renders the demo's page and records where it is.
func (d *demo) writePage() error {
	page, err := d.page()
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := report.Render(&buf, page); err != nil {
		return fmt.Errorf("rendering the demo's page: %w", err)
	}
	name, err := filepath.Abs(d.path("index.html"))
	if err != nil {
		return fmt.Errorf("naming the demo's page: %w", err)
	}
	d.record.Page = name
	return d.publish(".", "index.html", buf.Bytes())
}

func (d *demo) page() (report.Page, error) {
	gallery, err := d.gallery()
	if err != nil {
		return report.Page{}, err
	}
	curves, err := train.Curves(d.path("run"))
	if err != nil {
		return report.Page{}, err
	}
	r := d.record
	return report.Page{
		Title: "Chromabeam demo",
		Lead: fmt.Sprintf("A small U-Net learned the colours of %d pictures and then coloured %d gray scans that it had never seen.",
			r.Prepared.Train, r.Colored.Colored),
		Facts: []report.Fact{
			{Label: "whole demo", Value: fmt.Sprintf("%.0f s", r.Seconds), Note: r.Backend},
			{Label: "trained", Value: fmt.Sprintf("%d epochs", r.Trained.Epochs), Note: fmt.Sprintf("%d steps", r.Trained.Steps)},
			{Label: "validation L1", Value: fmt.Sprintf("%.3f", r.Trained.ValL1), Note: fmt.Sprintf("best epoch %d", r.Trained.BestEpoch)},
			{Label: "validation PSNR", Value: fmt.Sprintf("%.1f dB", r.Evaluation.Recombined.PSNR), Note: "with the original luma"},
		},
		Sections: []report.Section{
			gallery,
			curves,
			d.evaluationTable(),
			report.Text{Title: "Where things are", Paragraphs: []string{
				"data holds the shards, run the trained network with its own report, coloured the coloured scans with theirs.",
				"The pictures are remixes of “Adventurer” by Lisa Wischofsky, made with DiceBear, CC BY 4.0.",
			}},
		},
		Footer: "chromabeam " + toolVersion(),
	}, nil
}

func (d *demo) evaluationTable() report.Table {
	e := d.record.Evaluation
	row := func(name string, q pixel.Quality) []string {
		return []string{
			name, fmt.Sprintf("%.4f", q.L1), fmt.Sprintf("%.2f", q.PSNR), fmt.Sprintf("%.3f", q.SSIM),
			fmt.Sprintf("%.2f", q.CIEDE2000), fmt.Sprintf("%.1f", q.Colorfulness),
		}
	}
	return report.Table{
		Title: "Validation pictures",
		Note:  fmt.Sprintf("%d pictures, %s.", e.Pictures, e.Mode),
		Columns: []report.Column{
			{Name: "output"}, {Name: "L1", Numeric: true}, {Name: "PSNR, dB", Numeric: true}, {Name: "SSIM", Numeric: true},
			{Name: "CIEDE2000", Numeric: true}, {Name: "colourfulness", Numeric: true},
		},
		Rows: [][]string{row("network alone", e.Raw), row("with the original luma", e.Recombined)},
	}
}

// gallery shows each held-out scan, its colouring and the truth.
func (d *demo) gallery() (report.Gallery, error) {
	g := report.Gallery{Title: "Before and after", Note: "Pictures that were kept apart: gray, coloured, original."}
	err := eachHeldOut(func(name string, picture *pixel.RGB) error {
		gray, err := os.ReadFile(d.path("scans", name))
		if err != nil {
			return err
		}
		colored, err := os.ReadFile(d.path("coloured", name))
		if err != nil {
			return err
		}
		var truth bytes.Buffer
		if err := pixel.EncodePNG(&truth, picture); err != nil {
			return err
		}
		g.Items = append(g.Items, report.Item{Caption: name, Pictures: []report.Picture{
			{Label: "gray", Data: gray}, {Label: "coloured", Data: colored}, {Label: "original", Data: truth.Bytes()},
		}})
		return nil
	})
	return g, err
}
