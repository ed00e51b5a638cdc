// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"fmt"
	"math"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/report"
)

// counts are the sizes of jobs.
var counts = []float64{1e6, 1e7, 1e8, 1e9}

// Tables returns the tables of docs/scale.md in Markdown, by name.
func Tables() map[string]string {
	return map[string]string{
		"device": deviceTable(), "feeding": feedingTable(), "rates": rateTable(), "bulk": bulkTable(),
		"records": recordTable(), "prepare": prepareTable(), "ramp": rampTable(),
	}
}

// table lays rows out; the first is the header.
func table(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|---%s|\n", strings.Repeat("|--:", len(row)-1))
		}
	}
	return b.String()
}

// line is a row of a table with a column for each size of job.
type line struct {
	name string
	cell func(n float64) string
}

func byCount(list ...line) string {
	rows := [][]string{{"pictures"}}
	for _, n := range counts {
		rows[0] = append(rows[0], fmt.Sprintf("10^%d", int(math.Round(math.Log10(n)))))
	}
	for _, l := range list {
		row := []string{l.name}
		for _, n := range counts {
			row = append(row, l.cell(n))
		}
		rows = append(rows, row)
	}
	return table(rows)
}

func deviceTable() string {
	rows := [][]string{{"network", "FLOPs a picture", "at 5 %", "at 15 %", "at 30 %"}}
	for _, n := range networks {
		row := []string{n.Name, fmt.Sprintf("%.3g G", n.FLOPs/1e9)}
		for _, use := range []float64{useLow, useMiddle, useHigh} {
			row = append(row, number(n.DeviceRate(use)))
		}
		rows = append(rows, row)
	}
	return table(rows)
}

func feedingTable() string {
	rows := [][]string{{"pictures, network", "at 5 %", "at 15 %", "at 30 %"}}
	for _, n := range networks {
		for _, p := range pictures {
			row := []string{p.Name + ", " + n.Name}
			for _, use := range []float64{useLow, useMiddle, useHigh} {
				row = append(row, number(Feeding(p, n, use)))
			}
			rows = append(rows, row)
		}
	}
	return table(rows)
}

func rateTable() string {
	header := []string{"pictures, network"}
	for _, m := range machines() {
		header = append(header, m.Name)
	}
	rows := [][]string{header}
	for _, n := range networks {
		for _, p := range pictures {
			row := []string{p.Name + ", " + n.Name}
			for _, m := range machines() {
				rate, side := m.Rate(p, n)
				row = append(row, fmt.Sprintf("%s %s", number(rate), side))
			}
			rows = append(rows, row)
		}
	}
	return table(rows)
}

// number keeps two or three digits.
func number(v float64) string {
	switch {
	case v < 10 && v != math.Trunc(v):
		return fmt.Sprintf("%.1f", v)
	case v < 1000:
		return fmt.Sprintf("%.0f", v)
	}
	digits := math.Pow(10, math.Floor(math.Log10(v))-2)
	return report.Grouped(int64(math.Round(v/digits) * digits))
}

// size is a number of bytes.
func size(v float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB", "TB"} {
		if v < 1000 {
			return number(v) + " " + unit
		}
		v /= 1000
	}
	return number(v) + " PB"
}

// hours is a time.
func hours(v float64) string {
	switch {
	case v < 1.0/60:
		return fmt.Sprintf("%.0f s", v*3600)
	case v < 1:
		return fmt.Sprintf("%.0f min", v*60)
	case v < 72:
		return fmt.Sprintf("%.1f h", v)
	}
	return number(v/24) + " days"
}

func dollars(v float64) string { return "$" + number(v) }
