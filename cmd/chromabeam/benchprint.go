// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/chromabeam/chromabeam/train/bench"
)

// benchTable is what a measurement prints without -json: a title, a table for the
// reader, and then a line of key=value pairs for each row.
type benchTable struct {
	title  string
	header []string
	rows   [][]string
	lines  [][]field
}

// print writes the table, or the value as JSON.
func (t benchTable) print(term terminal, asJSON bool, value any) error {
	if asJSON {
		return term.result(true, value)
	}
	if _, err := fmt.Fprint(term.stdout, wrap(t.title, "")+alignRight(append([][]string{t.header}, t.rows...))); err != nil {
		return err
	}
	for _, line := range t.lines {
		if err := term.result(false, nil, line...); err != nil {
			return err
		}
	}
	return nil
}

// alignRight sets columns two spaces apart, each to the right.
func alignRight(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			fmt.Fprintf(&b, "%*s", width[i], cell)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// significant prints a figure with as many digits as it is good for.
func significant(x float64) string {
	switch {
	case x >= 1000:
		return fmt.Sprintf("%.0f", x)
	case x >= 100:
		return fmt.Sprintf("%.1f", x)
	case x >= 10:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.3f", x)
}

// memoryHead names a table's column of memory, whose cells memoryCell makes: MiB of
// the device where that is known, or else of the process.
func memoryHead(m bench.Memory) string {
	if m.Device > 0 {
		return "GPU MiB"
	}
	return "RSS MiB"
}

func memoryCell(m bench.Memory) string {
	n := m.Device
	if n == 0 {
		n = m.Peak
	}
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n >> 20)
}

// machineText says in words what a table was measured on.
func machineText(m bench.Machine) string {
	var parts []string
	if m.Backend != "" {
		parts = append(parts, m.Backend+" in "+m.Precision)
	}
	if m.CPU != "" {
		parts = append(parts, m.CPU)
	}
	return strings.Join(append(parts, fmt.Sprintf("%d cores", m.MaxProcs), m.Go), ", ")
}

// spreadFields are the times of a result line.
func spreadFields(s bench.Spread) []field {
	return []field{
		{"times", s.Count}, {"ms_median", significant(s.Median)}, {"ms_min", significant(s.Min)},
		{"ms_p10", significant(s.P10)}, {"ms_p90", significant(s.P90)},
	}
}

// memoryFields are the memory of a result line, as far as it is known.
func memoryFields(m bench.Memory) (fields []field) {
	if m.Peak > 0 {
		fields = append(fields, field{"peak_memory_mib", m.Peak >> 20})
	}
	if m.Device > 0 {
		fields = append(fields, field{"device_memory_mib", m.Device >> 20})
	}
	return fields
}

func printBenchTrain(term terminal, r bench.TrainResult, asJSON bool) error {
	t := benchTable{
		title: fmt.Sprintf("training step of %s, stage %s, %d px, convolutions %s: %s",
			r.Recipe, r.Stage, r.Size, r.Convolutions, machineText(r.Machine)),
		header: []string{"batch", "pictures/s", "ms/step", "min", "p10", "p90", "GFLOP/s", "first s", "MiB"}, // see memoryHead
	}
	for _, row := range r.Rows {
		t.header[len(t.header)-1] = memoryHead(row.Memory)
		t.rows = append(t.rows, []string{
			fmt.Sprint(row.Batch), significant(row.PicturesPerSecond), significant(row.Median), significant(row.Min),
			significant(row.P10), significant(row.P90), significant(row.FLOPS / 1e9), significant(row.First), memoryCell(row.Memory),
		})
		line := []field{
			{"bench", r.Bench}, {"recipe", r.Recipe}, {"stage", r.Stage}, {"size", r.Size}, {"batch", row.Batch},
			{"backend", r.Machine.Backend}, {"precision", r.Machine.Precision}, {"convolutions", r.Convolutions},
			{"pictures_per_second", significant(row.PicturesPerSecond)},
		}
		line = append(line, spreadFields(row.Spread)...)
		line = append(line, field{"gflop_per_second", significant(row.FLOPS / 1e9)}, field{"first_seconds", significant(row.First)})
		t.lines = append(t.lines, append(line, memoryFields(row.Memory)...))
	}
	return t.print(term, asJSON, r)
}

func printBenchInfer(term terminal, r bench.InferResult, asJSON bool) error {
	how := "through memory"
	if r.Resident {
		how = "on the device"
	}
	t := benchTable{
		title:  fmt.Sprintf("colouring with %s, %d px, pictures %s: %s", r.Model, r.Size, how, machineText(r.Machine)),
		header: []string{"batch", "lanes", "pictures/s", "ms/batch", "p10", "p90", "GFLOP/s", "first s", "MiB"},
	}
	for _, row := range r.Rows {
		t.header[len(t.header)-1] = memoryHead(row.Memory)
		t.rows = append(t.rows, []string{
			fmt.Sprint(row.Batch), fmt.Sprint(row.Lanes), significant(row.PicturesPerSecond),
			significant(row.Median), significant(row.P10), significant(row.P90),
			significant(row.FLOPS / 1e9), significant(row.First), memoryCell(row.Memory),
		})
		line := []field{
			{"bench", r.Bench}, {"model", r.Model}, {"size", r.Size}, {"batch", row.Batch},
			{"lanes", row.Lanes}, {"resident", r.Resident},
			{"backend", r.Machine.Backend}, {"precision", r.Machine.Precision}, {"convolutions", r.Convolutions},
			{"pictures_per_second", significant(row.PicturesPerSecond)},
		}
		line = append(line, spreadFields(row.Spread)...)
		line = append(line, field{"gflop_per_second", significant(row.FLOPS / 1e9)}, field{"first_seconds", significant(row.First)})
		t.lines = append(t.lines, append(line, memoryFields(row.Memory)...))
	}
	return t.print(term, asJSON, r)
}

func printBenchCodec(term terminal, r bench.CodecResult, asJSON bool) error {
	t := benchTable{
		title:  fmt.Sprintf("pictures of %dx%d pixels, a network of %d px: %s", r.Width, r.Height, r.Size, machineText(r.Machine)),
		header: []string{"way", "cores", "pictures/s", "MB/s", "ms/picture", "decode", "resize", "encode"},
	}
	for _, row := range r.Rows {
		t.rows = append(t.rows, []string{
			row.Way, fmt.Sprint(row.Cores), significant(row.PicturesPerSecond), significant(row.BytesPerSecond / 1e6),
			significant(row.Median), significant(row.Decode), significant(row.Resize), significant(row.Encode),
		})
		line := []field{
			{"bench", r.Bench}, {"way", row.Way}, {"pixels", fmt.Sprintf("%dx%d", r.Width, r.Height)},
			{"size", r.Size}, {"cores", row.Cores}, {"file_bytes", row.Bytes}, {"pictures_per_second", significant(row.PicturesPerSecond)},
			{"mb_per_second", significant(row.BytesPerSecond / 1e6)},
		}
		line = append(line, spreadFields(row.Spread)...)
		t.lines = append(t.lines, append(line, field{"decode_ms", significant(row.Decode)},
			field{"resize_ms", significant(row.Resize)}, field{"encode_ms", significant(row.Encode)}))
	}
	return t.print(term, asJSON, r)
}

func printBenchShards(term terminal, r bench.ShardsResult, asJSON bool) error {
	t := benchTable{
		title:  fmt.Sprintf("a shard of %d pictures of %d px: %s", r.Pictures, r.Size, machineText(r.Machine)),
		header: []string{"way", "cores", "pictures/s", "MB/s", "ms/shard", "min", "p10", "p90"},
	}
	for _, row := range r.Rows {
		t.rows = append(t.rows, []string{
			row.Way, fmt.Sprint(row.Cores), significant(row.PicturesPerSecond), significant(row.BytesPerSecond / 1e6),
			significant(row.Median), significant(row.Min), significant(row.P10), significant(row.P90),
		})
		line := []field{
			{"bench", r.Bench}, {"way", row.Way}, {"size", r.Size}, {"pictures", r.Pictures},
			{"cores", row.Cores}, {"shard_bytes", row.Bytes},
			{"pictures_per_second", significant(row.PicturesPerSecond)}, {"mb_per_second", significant(row.BytesPerSecond / 1e6)},
		}
		t.lines = append(t.lines, append(line, spreadFields(row.Spread)...))
	}
	return t.print(term, asJSON, r)
}
