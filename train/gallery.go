// SPDX-License-Identifier: Apache-2.0

package train

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// mostMoments bounds the epochs whose samples a page shows: the first, the last
// and others between them at equal distances.
const mostMoments = 20

// moments returns the epochs to show of a run of so many.
func moments(epochs int) []int {
	n := min(epochs, mostMoments)
	list := make([]int, n)
	for i := range list {
		list[i] = 1
		if n > 1 {
			list[i] = 1 + i*(epochs-1)/(n-1)
		}
	}
	return list
}

// timeline shows the validation pictures over the epochs.
func timeline(run string, epochs, side int) (report.Timeline, error) {
	t := report.Timeline{
		Title: "Samples", Note: "The first pictures of the validation split, which the network does not learn from.",
	}
	for _, epoch := range moments(epochs) {
		cells, err := readGrid(run, sampleName(epoch), side)
		if err != nil {
			return t, err
		}
		t.Frames = append(t.Frames, fmt.Sprintf("epoch %d", epoch))
		for i := range cells[rowGenerated] {
			if len(t.Items) <= i {
				before, err := encoded("gray", cells[rowGray][i])
				if err != nil {
					return t, err
				}
				after, err := encoded("true", cells[rowTrue][i])
				if err != nil {
					return t, err
				}
				t.Items = append(t.Items, report.TimelineItem{Before: []report.Picture{before}, After: []report.Picture{after}})
			}
			frame, err := encoded("", cells[rowGenerated][i])
			if err != nil {
				return t, err
			}
			t.Items[i].Frames = append(t.Items[i].Frames, frame)
		}
	}
	return t, nil
}

// extremesGalleries show the validation pictures that came out best and worst
// in the last epoch.
func extremesGalleries(run string, side int) ([]report.Section, error) {
	var record extremesRecord
	if err := readJSON(filepath.Join(run, samplesDir), extremesFile, &record); err != nil {
		return nil, fmt.Errorf("reading samples: %w", err)
	}
	var sections []report.Section
	for _, one := range []struct {
		title, file string
		list        []extremeRecord
	}{{"Best validation pictures", bestGrid, record.Best}, {"Worst validation pictures", worstGrid, record.Worst}} {
		cells, err := readGrid(run, one.file, side)
		if err != nil {
			return nil, err
		}
		g := report.Gallery{Title: one.title, Note: fmt.Sprintf("By L1, after epoch %d.", record.Epoch)}
		for i, picture := range one.list {
			item := report.Item{Caption: fmt.Sprintf("L1 %.4f, %.12s", picture.L1, picture.Key)}
			for row, label := range [rowCount]string{"gray", "generated", "true"} {
				p, err := encoded(label, cells[row][i])
				if err != nil {
					return nil, err
				}
				item.Pictures = append(item.Pictures, p)
			}
			g.Items = append(g.Items, item)
		}
		sections = append(sections, g)
	}
	return sections, nil
}

// encoded makes a page's picture.
func encoded(label string, rgb *pixel.RGB) (report.Picture, error) {
	var b bytes.Buffer
	if err := pixel.EncodePNG(&b, rgb); err != nil {
		return report.Picture{}, err
	}
	return report.Picture{Label: label, Data: b.Bytes()}, nil
}

// sharedRow begins a row of a comparison with what all runs have in common.
func sharedRow(gray, truth *pixel.RGB, runs int) (report.ComparisonRow, error) {
	row := report.ComparisonRow{Pictures: make([]report.Picture, runs)}
	for _, one := range []struct {
		label string
		rgb   *pixel.RGB
	}{{"gray", gray}, {"true", truth}} {
		p, err := encoded(one.label, one.rgb)
		if err != nil {
			return row, err
		}
		row.Before = append(row.Before, p)
	}
	return row, nil
}
