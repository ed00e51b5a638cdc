// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// plainOf returns a PNG of one colour.
func plainOf(t testing.TB, c color.Color, w, h int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	return pngOf(t, m)
}

// TestSelection checks which pictures a selection takes.
func TestSelection(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{}
	for i, name := range []string{"a.png", "cats/b.png", "cats/old/c.png", "dogs/d.png", "dogs/cats/e.png"} {
		files[name] = pngOf(t, picture(i, 16, 16))
	}
	input := writeFolder(t, files)
	tests := []struct {
		name string
		s    Selection
		want []string
	}{
		{"all", Selection{}, slices.Sorted(maps.Keys(files))},
		{"include", Selection{Include: []string{"cats/**"}}, []string{"cats/b.png", "cats/old/c.png"}},
		{"two includes", Selection{Include: []string{"*.png", "dogs/*"}}, []string{"a.png", "dogs/d.png"}},
		{"exclude", Selection{Exclude: []string{"**/old/**", "a.png"}}, []string{"cats/b.png", "dogs/cats/e.png", "dogs/d.png"}},
		{"both", Selection{Include: []string{"cats/**"}, Exclude: []string{"**/c.png"}}, []string{"cats/b.png"}},
		{"class", Selection{Classes: []string{"cats"}}, []string{"cats/b.png", "dogs/cats/e.png"}},
		{"limit", Selection{Limit: 2}, []string{"a.png", "cats/b.png"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, input)
			o.Select = tt.s
			run(t, o)
			if diff := cmp.Diff(tt.want, slices.Sorted(maps.Keys(samples(t, o.Output)))); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
		})
	}
	o := options(t, input)
	o.Select.Include = []string{"birds/**"}
	if _, err := Run(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), "holds no pictures that -include") {
		t.Errorf("nothing selected: %v", err)
	}
}

// TestFilters leaves out small, gray and repeated pictures, each with its
// reason, and counts them apart from rejects.
func TestFilters(t *testing.T) {
	t.Parallel()
	base, touched := picture(1, 64, 64), picture(1, 64, 64)
	touched.Pix[100] ^= 4
	files := map[string][]byte{
		"good.png":  pngOf(t, picture(2, 64, 64)),
		"small.png": pngOf(t, picture(3, 64, 20)),
		"gray.png":  plainOf(t, color.Gray{Y: 90}, 64, 64),
		"same1.png": pngOf(t, base),
		"same2.png": pngOf(t, touched),
		"bad.png":   []byte("no picture"),
	}
	o := options(t, writeFolder(t, files))
	o.MinSide, o.MinColorfulness, o.NearDistance = 32, 5, 4
	for _, runner := range []string{"direct", "prism"} {
		o.Runner, o.Output = runner, t.TempDir()+"/out"
		s := run(t, o)
		verify(t, o.Output)
		if s.Samples() != 2 || s.Filtered != 3 || s.Rejects != 1 {
			t.Errorf("%s: summary %+v", runner, s)
		}
		rejects, err := shard.ReadRejects(t.Context(), storeOf(t, o.Output))
		if err != nil {
			t.Fatal(err)
		}
		reasons := map[string]string{}
		for _, r := range rejects {
			reasons[r.Source] = string(r.Stage) + ": " + r.Reason
		}
		for name, want := range map[string]string{
			"small.png": "filter: its shorter side has 20 pixels, at least 32 are asked for",
			"gray.png":  "filter: its colourfulness is 0.0, at least 5 is asked for",
			"bad.png":   "decode: ",
			"same":      "filter: it looks like picture ",
		} {
			found := false
			for source, reason := range reasons {
				found = found || strings.HasPrefix(source, name) && strings.HasPrefix(reason, want)
			}
			if !found {
				t.Errorf("%s: no reject %q %q in %v", runner, name, want, reasons)
			}
		}
	}
}

// TestLook checks that background, formula and filter reach the pixels and the
// records.
func TestLook(t *testing.T) {
	t.Parallel()
	m := picture(9, 16, 16)
	for i := 3; i < len(m.Pix)/2; i += 4 {
		m.Pix[i] = 0 // the upper half is transparent
	}
	o := options(t, writeFolder(t, map[string][]byte{"a.png": pngOf(t, m)}))
	red := pixel.Color{255, 0, 0}
	o.Background, o.Formula, o.Filter = &red, pixel.Formula709, pixel.FilterBox
	run(t, o)
	verify(t, o.Output)
	s := samples(t, o.Output)["a.png"]
	if s.Meta.Alpha != "#ff0000" || s.Meta.Formula != "itu-r-709" {
		t.Errorf("meta %+v", s.Meta)
	}
	gray, err := png.Decode(bytes.NewReader(s.Gray))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := gray.(*image.Gray).GrayAt(3, 2).Y, uint8(54); got != want { // 0.2126 * 255
		t.Errorf("red has gray %d, want %d", got, want)
	}
	info, err := shard.ReadInfo(t.Context(), storeOf(t, o.Output))
	if err != nil || info.Background != "#ff0000" || info.Filter != "box" || info.Formula != "itu-r-709" {
		t.Errorf("info %+v, %v", info, err)
	}
}

// TestShardBytes checks that shards come out about as large as asked for.
func TestShardBytes(t *testing.T) {
	t.Parallel()
	o := options(t, writeFolder(t, someFiles(t, 400)))
	o.Size, o.Sharding, o.ValPercent, o.TestPercent = 256, Sharding{Bytes: 1 << 20}, 0, 0
	s := run(t, o)
	mean := float64(s.Bytes) / float64(s.Shards)
	if s.Shards < 3 || mean < 0.7*(1<<20) || mean > 1.3*(1<<20) {
		t.Errorf("%d shards of %.2f MiB, want about 1", s.Shards, mean/(1<<20))
	}
	if again := run(t, o); again.ReusedShards != s.Shards {
		t.Errorf("a second run kept %d of %d shards", again.ReusedShards, s.Shards)
	}
	o.Output, o.Sharding = t.TempDir()+"/out", Sharding{Pictures: 100}
	if s := run(t, o); s.Shards != 4 {
		t.Errorf("%d shards of about 100 pictures, want 4", s.Shards)
	}
}

func TestValidateSettings(t *testing.T) {
	t.Parallel()
	good := Options{Input: "in", Output: "out", Size: 64}
	tests := []struct {
		name string
		edit func(*Options)
		want string
	}{
		{"filter", func(o *Options) { o.Filter = "soft" }, `"soft"`},
		{"gray", func(o *Options) { o.Formula = "mean" }, `"mean"`},
		{"side", func(o *Options) { o.MinSide = -1 }, "min-side must not be negative, got -1"},
		{"colour", func(o *Options) { o.MinColorfulness = -1 }, "min-colorfulness must be in [0, 1000], got -1"},
		{"near", func(o *Options) { o.NearDistance = 11 }, "near-duplicates must be in [1, 10], or 0 to keep them, got 11"},
		{"glob", func(o *Options) { o.Select.Include = []string{"[a"} }, `must be globs, got "[a"`},
		{"limit", func(o *Options) { o.Select.Limit = -3 }, "limit must be positive, or 0 for none, got -3"},
		{"readers", func(o *Options) { o.Readers = 5000 }, "readers must be in [0, 1024], got 5000"},
		{"shard bytes", func(o *Options) { o.Sharding.Bytes = 5 }, "bytes of a shard must be at least 1048576, got 5"},
		{"two shardings", func(o *Options) { o.Sharding = Sharding{Shards: 2, Pictures: 5} }, "only one of shards, pictures and bytes"},
		{"both ways", func(o *Options) { o.Overwrite, o.Extend = true, true }, "overwrite and extend must not be given together"},
	}
	for _, tt := range tests {
		o := good
		tt.edit(&o)
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Validate = %v, want %q", tt.name, err, tt.want)
		}
	}
}
