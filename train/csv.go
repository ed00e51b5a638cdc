// SPDX-License-Identifier: Apache-2.0

package train

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// WriteCSV writes the scores of each picture as a table with a header: key and
// source, and then every measure of the raw output and of the one with the
// picture's own luma.
func WriteCSV(w io.Writer, items []PictureScores) error {
	columns := []struct {
		name string
		get  func(pixel.Quality) float64
	}{
		{"l1", func(q pixel.Quality) float64 { return q.L1 }},
		{"psnr", func(q pixel.Quality) float64 { return q.PSNR }},
		{"ssim", func(q pixel.Quality) float64 { return q.SSIM }},
		{"ciede2000", func(q pixel.Quality) float64 { return q.CIEDE2000 }},
		{"colorfulness", func(q pixel.Quality) float64 { return q.Colorfulness }},
	}
	header := []string{"key", "source"}
	for _, output := range []string{"raw_", "recombined_"} {
		for _, c := range columns {
			header = append(header, output+c.name)
		}
	}
	out := csv.NewWriter(w)
	if err := out.Write(header); err != nil {
		return fmt.Errorf("writing scores: %w", err)
	}
	for _, item := range items {
		row := []string{item.Key, item.Source}
		for _, q := range []pixel.Quality{item.Raw, item.Recombined} {
			for _, c := range columns {
				row = append(row, strconv.FormatFloat(c.get(q), 'g', -1, 64))
			}
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("writing scores: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing scores: %w", err)
	}
	return nil
}
