// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// options returns small but complete options.
func options(t testing.TB, input string) Options {
	return Options{
		Input: input, Output: filepath.Join(t.TempDir(), "out"), Size: 16, Sharding: Sharding{Shards: 3},
		ValPercent: 20, TestPercent: 10, Seed: 7, Workers: 2, ToolVersion: "test",
	}
}

func run(t testing.TB, o Options) Summary {
	t.Helper()
	s, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func storeOf(t testing.TB, uri string) store.Store {
	t.Helper()
	st, err := store.Open(uri)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// verify checks the data set as inspect does.
func verify(t testing.TB, dir string) shard.Report {
	t.Helper()
	r, err := shard.Verify(t.Context(), storeOf(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Errorf("problem: %v", p)
	}
	return r
}

// samples returns every sample of the data set by source name.
func samples(t testing.TB, dir string) map[string]shard.Sample {
	t.Helper()
	d, err := shard.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	found := map[string]shard.Sample{}
	for _, split := range d.Info().Splits {
		r, err := d.Split(split.Name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Len() {
			s, err := r.Sample(i)
			if err != nil {
				t.Fatal(err)
			}
			found[s.Meta.Source] = s
		}
	}
	return found
}

// TestSameBytes compares runs that must not differ: by runner, number of
// workers, kind of source and repetition.
func TestSameBytes(t *testing.T) {
	files := someFiles(t, 60)
	folder, archive := writeFolder(t, files), writeZip(t, files)
	var want map[string]string
	for _, tt := range []struct {
		name, input, runner string
		workers             int
		memory              int64
	}{
		{"direct", folder, "direct", 2, 0},
		{"again", folder, "direct", 2, 0},
		{"one worker", folder, "direct", 1, 0},
		{"little memory", folder, "direct", 8, 1 << 20},
		{"prism", folder, "prism", 2, 0},
		{"prism one worker", folder, "prism", 1, 0},
		{"zip", archive, "direct", 3, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, tt.input)
			o.Runner, o.Workers, o.MemoryBudget = tt.runner, tt.workers, tt.memory
			s := run(t, o)
			if s.Samples() != 60 || s.Duplicates != 1 || s.Rejects != 1 || s.Train == 0 || s.Val == 0 || s.Test == 0 || s.ReusedShards != 0 {
				t.Errorf("summary %+v", s)
			}
			if r := verify(t, o.Output); r.Samples != 60 || int64(r.Shards) != s.Shards {
				t.Errorf("report %+v", r)
			}
			got := contents(t, o.Output)
			if strings.HasSuffix(tt.input, ".zip") { // versions and offsets differ in the records, and with them the settings' hash
				keep := func(name, _ string) bool { return !strings.HasSuffix(name, ".tar") && name != shard.RejectsName }
				maps.DeleteFunc(got, keep)
				want = maps.Clone(want)
				maps.DeleteFunc(want, keep)
			}
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBadPictures sends one of each bad and odd picture through both runners.
func TestBadPictures(t *testing.T) {
	good := picture(3, 20, 20)
	files := map[string][]byte{
		"good.png":      pngOf(t, good),
		"empty.png":     {},
		"text.png":      []byte("hello"),
		"cut.png":       pngOf(t, picture(4, 64, 64))[:100],
		"cmyk.jpg":      cmykJPEG(t),
		"cut.jpg":       jpegOf(t, picture(5, 64, 64))[:700],
		"bomb.png":      bombPNG(t),
		"one.png":       pngOf(t, picture(6, 1, 1)),
		"deep.png":      deepPNG(t),
		"paletted.png":  palettedPNG(t),
		"animated.gif":  animatedGIF(t),
		"rotated.jpg":   rotatedJPEG(t, picture(7, 40, 20)),
		"../up.png":     pngOf(t, good),
		"sub/.skip.png": []byte("hidden"),
	}
	for _, runner := range []string{"direct", "prism"} {
		t.Run(runner, func(t *testing.T) {
			o := options(t, writeZip(t, files))
			o.Runner = runner
			s := run(t, o)
			verify(t, o.Output)
			found := samples(t, o.Output)
			want := []string{"animated.gif", "cmyk.jpg", "deep.png", "good.png", "one.png", "paletted.png", "rotated.jpg"}
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(found))); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
			if m := found["rotated.jpg"].Meta; m.Width != 20 || m.Height != 40 {
				t.Errorf("a JPEG of 40x20 with a quarter turn has size %dx%d", m.Width, m.Height)
			}
			m, err := png.Decode(bytes.NewReader(found["cmyk.jpg"].Color))
			if err != nil {
				t.Fatal(err)
			}
			for x, want := range map[int]color.Color{2: color.RGBA{0, 255, 255, 255}, 12: color.RGBA{191, 95, 0, 255}} {
				if got := color.RGBAModel.Convert(m.At(x, 8)); got != want {
					t.Errorf("pixel %d,8 of the CMYK JPEG is %v, want %v", x, got, want)
				}
			}
			rejects, err := shard.ReadRejects(t.Context(), storeOf(t, o.Output))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rejects {
				got = append(got, r.Source+" "+string(r.Stage))
				if r.Reason == "" || r.Transient {
					t.Errorf("reject without a reason, or transient: %+v", r)
				}
			}
			wantRejects := []string{"../up.png read", "bomb.png decode", "cut.jpg decode", "cut.png decode", "empty.png decode", "text.png decode"}
			if diff := cmp.Diff(wantRejects, got); diff != "" || s.Rejects != int64(len(got)) {
				t.Errorf("%d rejects (-want +got):\n%s", s.Rejects, diff)
			}
		})
	}
}

// TestPixels compares a sample with what its source says.
func TestPixels(t *testing.T) {
	t.Parallel()
	m := picture(9, 16, 16)
	for i := 3; i < len(m.Pix)/2; i += 4 {
		m.Pix[i] = 0 // the upper half is transparent
	}
	o := options(t, writeFolder(t, map[string][]byte{"a.png": pngOf(t, m)}))
	run(t, o)
	s := samples(t, o.Output)["a.png"]
	if s.Meta.Alpha != shard.AlphaWhite || s.Meta.Width != 16 || s.Meta.Size != 16 || s.Meta.SHA256 != s.Key {
		t.Errorf("meta %+v", s.Meta)
	}
	color, err := png.Decode(bytes.NewReader(s.Color))
	if err != nil {
		t.Fatal(err)
	}
	gray, err := png.Decode(bytes.NewReader(s.Gray))
	if err != nil {
		t.Fatal(err)
	}
	for y := range 16 {
		for x := range 16 {
			want := m.NRGBAAt(x, y)
			if want.A == 0 {
				want.R, want.G, want.B = 255, 255, 255
			}
			r, g, b, _ := color.At(x, y).RGBA()
			if uint8(r>>8) != want.R || uint8(g>>8) != want.G || uint8(b>>8) != want.B {
				t.Fatalf("pixel %d,%d is %d %d %d, want %v", x, y, r>>8, g>>8, b>>8, want)
			}
			luma := (int(want.R)*19595 + int(want.G)*38470 + int(want.B)*7471 + 0x8000) >> 16
			if got := int(gray.(*image.Gray).GrayAt(x, y).Y); got != luma {
				t.Fatalf("luma %d,%d is %d, want %d", x, y, got, luma)
			}
		}
	}
}

func TestPresets(t *testing.T) {
	t.Parallel()
	one, two, three := pngOf(t, picture(1, 20, 20)), pngOf(t, picture(2, 20, 20)), pngOf(t, picture(3, 20, 20))
	jpg := jpegOf(t, picture(4, 20, 20))
	tests := []struct {
		name       string
		preset     Preset
		files      map[string][]byte
		want       []string
		size       int
		duplicates int64
	}{
		{"pokemon takes the PNGs", PresetPokemon, map[string][]byte{
			"pokemon/pokemon/1.png": one, "pokemon/pokemon/2.PNG": two, "pokemon_jpg/pokemon_jpg/1.jpg": jpg,
		}, []string{"pokemon/pokemon/1.png", "pokemon/pokemon/2.PNG"}, 256, 0},
		{"pokemon without PNGs", PresetPokemon, map[string][]byte{"pokemon_jpg/pokemon_jpg/1.jpg": jpg},
			[]string{"pokemon_jpg/pokemon_jpg/1.jpg"}, 256, 0},
		{"faces", PresetAnimeFaces, map[string][]byte{"data/1.png": one}, []string{"data/1.png"}, 64, 0},
		{"faces nested", PresetAnimeFaces, map[string][]byte{"data/data/1.png": one}, []string{"data/data/1.png"}, 64, 0},
		{"faces twice", PresetAnimeFaces, map[string][]byte{
			"data/1.png": one, "data/data/1.png": one, "data/2.png": two, "data/data/3.png": three,
		}, []string{"data/1.png", "data/2.png", "data/data/3.png"}, 64, 1},
		{"none", PresetNone, map[string][]byte{"a.png": one, "b/c.jpg": jpg}, []string{"a.png", "b/c.jpg"}, 16, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, writeZip(t, tt.files))
			o.Preset, o.Size = tt.preset, 0
			if tt.preset == PresetNone {
				o.Size = tt.size
			}
			s := run(t, o)
			found := samples(t, o.Output)
			if diff := cmp.Diff(tt.want, slices.Sorted(maps.Keys(found))); diff != "" || s.Duplicates != tt.duplicates {
				t.Errorf("%d duplicates, samples (-want +got):\n%s", s.Duplicates, diff)
			}
			for _, sample := range found {
				if sample.Meta.Size != tt.size {
					t.Errorf("size %d, want %d", sample.Meta.Size, tt.size)
				}
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	good := Options{Input: "in", Output: "out", Size: 64, ValPercent: 5}
	if err := good.Validate(); err != nil {
		t.Errorf("good options: %v", err)
	}
	tests := []struct {
		name string
		edit func(*Options)
		want string
	}{
		{"input", func(o *Options) { o.Input = "" }, "input must be given"},
		{"output", func(o *Options) { o.Output = "" }, "output must be given"},
		{"preset", func(o *Options) { o.Preset = "cats" }, `preset must be one of pokemon, anime-faces, none, got "cats"`},
		{"no size", func(o *Options) { o.Size = 0 }, `size must be given with preset "none"`},
		{"size", func(o *Options) { o.Size = 5000 }, "size must be in [8, 4096], got 5000"},
		{"shards", func(o *Options) { o.Sharding.Shards = -1 }, "shards must be in [1, 100000], or 0 for the default, got -1"},
		{"val", func(o *Options) { o.ValPercent = 100 }, "val-percent must be in [0, 100), got 100"},
		{"test", func(o *Options) { o.TestPercent = -1 }, "test-percent must be in [0, 100), got -1"},
		{"sum", func(o *Options) { o.ValPercent, o.TestPercent = 60, 40 }, "must leave something for training, got 60 and 40"},
		{"fit", func(o *Options) { o.Fit = "squash" }, `"squash"`},
		{"limits", func(o *Options) { o.Limits = pixel.Limits{MaxPixels: -1, MaxBytes: 1} }, "max-pixels must be positive, got -1"},
		{"workers", func(o *Options) { o.Workers = -2 }, "workers must be in [0, 1024], got -2"},
		{"memory", func(o *Options) { o.MemoryBudget = 512 }, "memory budget must be at least 1048576 bytes, got 512"},
		{"runner", func(o *Options) { o.Runner = "fast" }, `runner must be one of direct, prism, flink, spark, universal, dataflow, got "fast"`},
	}
	for _, tt := range tests {
		o := good
		tt.edit(&o)
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Validate = %v, want %q", tt.name, err, tt.want)
		}
	}
	bad := Options{Size: 1, Workers: -1}
	if got := strings.Count(bad.Validate().Error(), "\n") + 1; got != 4 {
		t.Errorf("Validate names %d problems, want 4: %v", got, bad.Validate())
	}
}

func TestCancel(t *testing.T) {
	for _, runner := range []string{"direct", "prism"} {
		t.Run(runner, func(t *testing.T) {
			o := options(t, writeFolder(t, someFiles(t, 60)))
			o.Runner = runner
			whole := o
			whole.Output = filepath.Join(t.TempDir(), "whole")
			run(t, whole)
			ctx, cancel := context.WithCancel(t.Context())
			o.Progress = func(done, total int64) { cancel() }
			if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
				t.Fatalf("Run = %v, want context.Canceled", err)
			}
			o.Progress = nil
			run(t, o)
			if diff := cmp.Diff(contents(t, whole.Output), contents(t, o.Output)); diff != "" {
				t.Errorf("after an interruption (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	o := options(t, writeFolder(t, someFiles(t, 20)))
	type call struct{ done, total int64 }
	var calls []call
	o.Progress = func(done, total int64) { calls = append(calls, call{done, total}) }
	run(t, o)
	hashed, written := call{22, 22}, call{21, 21}
	if !slices.Contains(calls, hashed) || calls[len(calls)-1] != written {
		t.Errorf("progress %v, want %v in it and %v at its end", calls, hashed, written)
	}
}

func TestNothingUsable(t *testing.T) {
	o := options(t, writeFolder(t, map[string][]byte{"a.png": []byte("a"), "b.png": nil}))
	_, err := Run(t.Context(), o)
	if !fault.IsRequest(err) || !strings.Contains(err.Error(), "holds no usable picture: all 2 were rejected") {
		t.Errorf("Run = %v", err)
	}
	if rejects, err := shard.ReadRejects(t.Context(), storeOf(t, o.Output)); err != nil || len(rejects) != 2 {
		t.Errorf("rejects %v, %v", rejects, err)
	}
	if _, err := shard.ReadInfo(t.Context(), storeOf(t, o.Output)); err == nil {
		t.Error("there is a manifest of nothing")
	}
}
