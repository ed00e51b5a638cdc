// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train/bench"
)

func TestBenchUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want []string // parts of the message
	}{
		{"nothing", nil, []string{"takes one of train, infer, codec and shards"}},
		{"two", []string{"train", "infer"}, []string{"takes one of"}},
		{"unknown", []string{"disk"}, []string{`"disk"`}},
		{"stray flags", []string{"codec", "-batch", "3", "-model", "m"}, []string{"bench codec has no use for -batch and -model"}},
		{"unknown mode", []string{"train", "-mode", "cycle", "-batch", "0"}, []string{`"cycle"`, "batch must be numbers"}},
		{"unknown recipe", []string{"train", "-recipe", "7.1"}, []string{`"7.1"`}},
		{"unknown form", []string{"train", "-mode", "l1", "-size", "17", "-convolutions", "fourier", "-steps", "-1", "-warmup", "0"},
			[]string{`"fourier"`, "size", "steps must be", "warm-up must be"}},
		{"unknown precision", []string{"train", "-backend", "go", "-precision", "fp8"}, []string{`"fp8"`}},
		{"no such run", []string{"infer", "-model", "testdata/none", "-batch", "x"}, []string{"testdata/none", "batch must be numbers"}},
		{"settings of a run", []string{"infer", "-model", "testdata", "-set", "filters=8"}, []string{"-set has no use beside -model"}},
		{"two networks", []string{"infer", "-model", "builtin", "-recipe", "6.7", "-resident", "-lanes", "1"},
			[]string{"-recipe has no use beside -model", "-lanes has no use beside -resident"}},
		{"two steps", []string{"train", "-mode", "l1", "-recipe", "6.7", "-steps", "3", "-seconds", "1"},
			[]string{"-recipe has no use beside -mode", "-seconds has no use beside -steps"}},
		{"weights of no run", []string{"infer", "-checkpoint", "best"}, []string{"-checkpoint goes with -model"}},
		{"size of a run", []string{"infer", "-model", "builtin", "-size", "100"}, []string{"size must be a multiple of"}},
		{"weights that a run lacks", []string{"infer", "-model", "builtin", "-checkpoint", "ema"}, []string{"leave checkpoint out"}},
		{"form through memory", []string{"infer", "-convolutions", "taps"}, []string{"convolutions must be auto"}},
		{"no size", []string{"codec", "-pixels", "wide"}, []string{`WIDTHxHEIGHT, got "wide"`}},
		{"tiny", []string{"shards", "-size", "3", "-pictures", "-1"}, []string{"size must be in", "pictures must be in"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := chromabeam(t, append([]string{"bench"}, tt.args...)...)
			if code != exitUsage || out != "" {
				t.Errorf("exit code %d and stdout %q, want %d and nothing", code, out, exitUsage)
			}
			for _, want := range tt.want {
				if !strings.Contains(errs, want) {
					t.Errorf("stderr %q does not contain %q", errs, want)
				}
			}
		})
	}
}

// TestBench runs each measurement once and wants a table that fits a terminal, a
// line for each row, and the same as JSON.
func TestBench(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		rows []string // beginnings of the lines
	}{
		{
			"train", []string{"-recipe", "demo", "-size", "16", "-set", "filters=2", "-batch", "1,2", "-backend", "go", "-convolutions", "taps"},
			[]string{"bench=train recipe=demo stage=generator size=16 batch=1 backend=go precision=float32 convolutions=taps ", "bench=train recipe=demo stage=generator size=16 batch=2 "},
		},
		{
			"infer", []string{"-recipe", "demo", "-size", "16", "-set", "filters=2", "-backend", "go"},
			[]string{"bench=infer model=demo size=16 batch=1 lanes=1 resident=false backend=go ", "bench=infer model=demo size=16 batch=8 "},
		},
		{"codec", []string{"-pixels", "40x32", "-size", "16"}, []string{"bench=codec way=jpeg-kept pixels=40x32 size=16 cores=1 "}},
		{"shards", []string{"-size", "16", "-pictures", "5"}, []string{"bench=shards way=write size=16 pictures=5 cores=1 "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"bench", tt.name, "-steps", "2", "-warmup", "1"}, tt.args...)
			var lines []string
			for line := range strings.Lines(mustRun(t, exitDone, args...)) {
				if strings.HasPrefix(line, "bench=") {
					lines = append(lines, line)
				} else if len(line) > 81 {
					t.Errorf("a line is wider than 80 columns: %q", line)
				}
			}
			for i, want := range tt.rows {
				if i >= len(lines) || !strings.HasPrefix(lines[i], want) || !strings.Contains(lines[i], " pictures_per_second=") ||
					!strings.Contains(lines[i], " times=2 ms_median=") {
					t.Errorf("lines %q, want one that begins with %q", lines, want)
				}
			}
			var got struct {
				Bench   string        `json:"bench"`
				Machine bench.Machine `json:"machine"`
				Rows    []struct {
					Rate float64 `json:"pictures_per_second"`
				} `json:"rows"`
			}
			if err := json.Unmarshal([]byte(mustRun(t, exitDone, append(args, "-json")...)), &got); err != nil {
				t.Fatal(err)
			}
			if got.Bench != tt.name || got.Machine.Cores < 1 || got.Machine.Version != toolVersion() || len(got.Rows) != len(lines) {
				t.Errorf("JSON %+v, want %d rows of %s", got, len(lines), tt.name)
			}
			for _, row := range got.Rows {
				if row.Rate <= 0 {
					t.Errorf("a row has %g pictures a second", row.Rate)
				}
			}
		})
	}
}

func TestParsePixels(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text          string
		width, height int
		bad           bool
	}{
		{"1600x1200", 1600, 1200, false}, {"1x2", 1, 2, false}, {"1600", 0, 0, true}, {"ax2", 0, 0, true}, {"2x", 0, 0, true}, {"1x2x3", 0, 0, true},
	}
	for _, tt := range tests {
		w, h, err := parsePixels(tt.text)
		if w != tt.width || h != tt.height || (err != nil) != tt.bad {
			t.Errorf("parsePixels(%q) = %d, %d, %v", tt.text, w, h, err)
		}
	}
}

func TestParseBatches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want []int
		bad  bool
	}{
		{"", nil, false}, {"8", []int{8}, false}, {"1,32, 256", []int{1, 32, 256}, false}, {"1,", nil, true}, {"0", nil, true}, {"a", nil, true},
	}
	for _, tt := range tests {
		got, err := parseBatches(tt.text)
		if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != tt.bad {
			t.Errorf("parseBatches(%q): error %v (-want +got):\n%s", tt.text, err, diff)
		}
	}
}

func TestBenchTableFits(t *testing.T) {
	t.Parallel()
	spread := bench.Spread{Median: 12345, Min: 12345, P10: 12345, P90: 12345}
	memory := bench.Memory{Peak: 99 << 40, Device: 141 << 30}
	row := bench.TrainRow{Batch: 1024, PicturesPerSecond: 123456, Spread: spread, FLOPS: 987654e9, First: 1234, Memory: memory}
	colouring := bench.InferRow{Batch: 1024, Lanes: 2, PicturesPerSecond: 123456, Spread: spread, FLOPS: 987654e9, First: 1234, Memory: memory}
	var b strings.Builder
	term := terminal{stdout: &b}
	err := errors.Join(
		printBenchTrain(term, bench.TrainResult{Bench: "train", Rows: []bench.TrainRow{row}}, false),
		printBenchInfer(term, bench.InferResult{Bench: "infer", Rows: []bench.InferRow{colouring}}, false))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "bench=") && len(line) > 81 {
			t.Errorf("a line is wider than 80 columns: %q", line)
		}
	}
	for _, want := range []string{"  GPU MiB\n", "   144384\n", "device_memory_mib=144384"} {
		if strings.Count(b.String(), want) != 2 {
			t.Errorf("%s lacks %s in one of two tables", b.String(), want)
		}
	}
	if got := memoryHead(bench.Memory{Peak: 1}); got != "RSS MiB" {
		t.Errorf("where the device's memory is not known the column is %q, want RSS MiB", got)
	}
}
