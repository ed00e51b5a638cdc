// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// maxWeights is the most bytes that the weights may add to the binary.
const maxWeights = 6_000_000

// TestFilesAgree compares the three files with each other.
func TestFilesAgree(t *testing.T) {
	t.Parallel()
	c, err := ReadCard()
	if err != nil {
		t.Fatal(err)
	}
	about, err := model.ReadExported(Source())
	if err != nil {
		t.Fatal(err)
	}
	config, err := Source().Config()
	if err != nil {
		t.Fatal(err)
	}
	want := model.Exported{
		Output: about.Output, Layout: model.LayoutChromabeam, DType: "bfloat16", Checkpoint: c.Weights.Checkpoint,
		Step: c.Weights.Step, Hash: c.Weights.SourceSHA256, Generator: config, Parameters: c.Parameters, Tensors: about.Tensors,
		Bytes: c.Weights.Bytes, SHA256: c.Weights.SHA256, ToolVersion: c.ToolVersion,
	}
	if diff := cmp.Diff(want, about); diff != "" {
		t.Errorf("model.json and card.json, and the weights (-json +weights):\n%s", diff)
	}
	if n := config.ParameterCount(); n != c.Parameters {
		t.Errorf("the network has %d parameters, the card says %d", n, c.Parameters)
	}
	if about.Bytes > maxWeights {
		t.Errorf("the weights have %d bytes, at most %d may be in the box", about.Bytes, maxWeights)
	}
	if c.Name != Name || c.Recipe != Name || c.Weights.DType != "bfloat16" {
		t.Errorf("the card has name %q, recipe %q and type %q", c.Name, c.Recipe, c.Weights.DType)
	}
	for key, want := range map[string]any{
		"size": float64(config.Size), "in_channels": float64(config.InChannels), "out_channels": float64(config.OutChannels),
		"num_downs": float64(config.Downs), "filters": float64(config.Filters), "norm": string(config.Norm),
	} {
		if got := c.Settings[key]; got != want {
			t.Errorf("the card's settings have %s %v, model.json has %v", key, got, want)
		}
	}
}

// TestCardIsFilled finds what the card leaves empty, and sets without metrics.
func TestCardIsFilled(t *testing.T) {
	t.Parallel()
	c, err := ReadCard()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range empties("card", reflect.ValueOf(c)) {
		if path != "card.metrics.gray.colorfulness" { // 0 by nature
			t.Errorf("%s is empty", path)
		}
	}
	measured := map[string]bool{}
	for _, m := range c.Metrics {
		measured[m.Set] = m.Split == "val"
	}
	for _, d := range c.Data {
		if !measured[d.Set] {
			t.Errorf("there are no metrics of the validation pictures of %s", d.Set)
		}
	}
	if len(c.Metrics) != len(c.Data) {
		t.Errorf("%d metrics for %d sets", len(c.Metrics), len(c.Data))
	}
	if found := empties("card", reflect.ValueOf(Card{Data: []Data{{}}})); len(found) < 10 {
		t.Errorf("of an empty card only %q were found", found)
	}
}

// empties names the fields and elements below v that are zero. Settings may be:
// 0 is a value of theirs.
func empties(path string, v reflect.Value) (list []string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			list = append(list, empties(path+"."+v.Type().Field(i).Tag.Get("json"), v.Field(i))...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			list = append(list, empties(path, v.Index(i))...)
		}
		if v.Len() == 0 {
			list = append(list, path)
		}
	default:
		if v.IsZero() || v.Kind() == reflect.Map && v.Len() == 0 {
			list = append(list, path)
		}
	}
	return list
}

// TestColors colours pictures that took no part in training: over those of each
// kind the chroma is nearer the truth than that of gray, which is none.
func TestColors(t *testing.T) {
	t.Parallel()
	b, err := model.OpenBackend(model.BackendGo)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	net, err := model.OpenColorizerFrom(b, Source(), model.ColorizerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	for _, kind := range []string{"emoji", "faces"} {
		pictures, err := filepath.Glob(filepath.Join("testdata", kind, "*.png"))
		if err != nil || len(pictures) == 0 {
			t.Fatalf("%d pictures of %s (%v)", len(pictures), kind, err)
		}
		var colored, gray float64
		for _, path := range pictures {
			c, g := chromaErrors(t, net, path)
			colored, gray = colored+c, gray+g
		}
		n := float64(len(pictures))
		t.Logf("%s: the mean error of chroma is %.2f levels, that of gray %.2f", kind, colored/n, gray/n)
		if !(colored < gray) {
			t.Errorf("%s: the mean error of chroma is %.2f levels, that of gray %.2f", kind, colored/n, gray/n)
		}
	}
}

// chromaErrors colours one picture and returns the mean absolute errors of Cb and
// Cr, in levels of 8 bits, of the result and of gray.
func chromaErrors(t *testing.T, net *model.Colorizer, path string) (colored, gray float64) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pixel.Decode(data, pixel.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	truth := p.RGB()
	in := make([]float32, truth.Width*truth.Height)
	for i := range in {
		r, g, b := float32(truth.Pix[3*i]), float32(truth.Pix[3*i+1]), float32(truth.Pix[3*i+2])
		in[i] = (0.299*r+0.587*g+0.114*b)/127.5 - 1
	}
	rgb, err := net.Colorize(t.Context(), in)
	if err != nil {
		t.Fatalf("%s of %dx%d: %v", path, truth.Width, truth.Height, err)
	}
	level := func(i int) float64 { return (float64(rgb[i]) + 1) * 127.5 }
	for i := range in {
		cb, cr := chroma(float64(truth.Pix[3*i]), float64(truth.Pix[3*i+1]), float64(truth.Pix[3*i+2]))
		madeCb, madeCr := chroma(level(3*i), level(3*i+1), level(3*i+2))
		colored += abs(madeCb-cb) + abs(madeCr-cr)
		gray += abs(cb) + abs(cr)
	}
	n := float64(2 * len(in))
	return colored / n, gray / n
}

// chroma is ITU-R BT.601's at full range, 0 for gray.
func chroma(r, g, b float64) (cb, cr float64) {
	y := 0.299*r + 0.587*g + 0.114*b
	return (b - y) / 1.772, (r - y) / 1.402
}

func abs(v float64) float64 { return max(v, -v) }

// TestSource: the model in the box has one set of weights.
func TestSource(t *testing.T) {
	t.Parallel()
	s := Source()
	if w, err := s.Find(""); err != nil || w.Bytes == 0 || len(w.Hash) != 64 {
		t.Errorf("found %+v, %v", w, err)
	}
	for _, checkpoint := range []string{"best", "ema", "first"} {
		if _, err := s.Find(checkpoint); err == nil {
			t.Errorf("the checkpoint %q was found", checkpoint)
		}
	}
}
