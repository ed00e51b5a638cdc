// SPDX-License-Identifier: Apache-2.0

package tfevents

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// at is a clock that stands still.
func at(seconds int64) Options {
	return Options{Now: func() time.Time { return time.Unix(seconds, 500_000_000) }, Host: "host"}
}

func encode(t *testing.T, i image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, i); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readFile returns the events of a file after its first.
func readFile(t *testing.T, path string) []Event {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []Event
	for e, err := range Read(bytes.NewReader(data)) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	if len(list) == 0 || list[0].FileVersion != fileVersion {
		t.Fatalf("the file begins with %+v, want version %s", list, fileVersion)
	}
	return list[1:]
}

func TestRoundTrip(t *testing.T) {
	area := image.Rect(0, 0, 3, 2)
	rgb := image.NewRGBA(area)
	for i := range rgb.Pix {
		rgb.Pix[i] = 255 // opaque, so that it is written without alpha
	}
	picture := func(channels int, encoded []byte) []Image {
		return []Image{{Tag: "samples", PNG: encoded, Width: 3, Height: 2, Channels: channels}}
	}
	gray, alpha := encode(t, image.NewGray(area)), encode(t, image.NewNRGBA(area))
	// Go writes no gray with alpha: its header is made of another's.
	grayAlpha := encode(t, image.NewGray(area))
	grayAlpha[25] = 4
	binary.BigEndian.PutUint32(grayAlpha[29:], crc32.ChecksumIEEE(grayAlpha[12:29]))
	palette := encode(t, image.NewPaletted(area, color.Palette{color.Black, color.White}))
	for _, c := range []struct {
		name  string
		write func(*Writer) error
		want  Event
	}{
		{"scalar", func(w *Writer) error { return w.Scalar("l1/train", 1, 0.25) }, Event{Step: 1, Scalars: []Scalar{{"l1/train", 0.25}}}},
		{"zero", func(w *Writer) error { return w.Scalar("l1/train", 0, 0) }, Event{Scalars: []Scalar{{"l1/train", 0}}}},
		{"negative", func(w *Writer) error { return w.Scalar("critic/loss", 2, -3) }, Event{Step: 2, Scalars: []Scalar{{"critic/loss", -3}}}},
		{"NaN", func(w *Writer) error { return w.Scalar("x", 3, math.NaN()) }, Event{Step: 3, Scalars: []Scalar{{"x", math.NaN()}}}},
		{"infinity", func(w *Writer) error { return w.Scalar("x", 3, math.Inf(1)) }, Event{Step: 3, Scalars: []Scalar{{"x", math.Inf(1)}}}},
		{"less", func(w *Writer) error { return w.Scalar("x", 3, math.Inf(-1)) }, Event{Step: 3, Scalars: []Scalar{{"x", math.Inf(-1)}}}},
		{"single", func(w *Writer) error { return w.Scalar("x", 3, 0.1) }, Event{Step: 3, Scalars: []Scalar{{"x", float64(float32(0.1))}}}},
		{"too large", func(w *Writer) error { return w.Scalar("x", 3, 1e39) }, Event{Step: 3, Scalars: []Scalar{{"x", math.Inf(1)}}}},
		{"late", func(w *Writer) error { return w.Scalar("x", math.MaxInt64, 1) }, Event{Step: math.MaxInt64, Scalars: []Scalar{{"x", 1}}}},
		{"gray", func(w *Writer) error { return w.Image("samples", 4, gray, 3, 2) }, Event{Step: 4, Images: picture(1, gray)}},
		{"gray with alpha", func(w *Writer) error { return w.Image("samples", 4, grayAlpha, 3, 2) }, Event{Step: 4, Images: picture(2, grayAlpha)}},
		{"color", func(w *Writer) error { return w.Image("samples", 4, encode(t, rgb), 3, 2) }, Event{Step: 4, Images: picture(3, encode(t, rgb))}},
		{"palette", func(w *Writer) error { return w.Image("samples", 4, palette, 3, 2) }, Event{Step: 4, Images: picture(3, palette)}},
		{"alpha", func(w *Writer) error { return w.Image("samples", 4, alpha, 3, 2) }, Event{Step: 4, Images: picture(4, alpha)}},
		{"text", func(w *Writer) error { return w.Text("recipe", 0, "# größer\n") }, Event{Text: []Text{{"recipe", "# größer\n"}}}},
		{"no text", func(w *Writer) error { return w.Text("recipe", 0, "") }, Event{Text: []Text{{"recipe", ""}}}},
		{"restart", func(w *Writer) error { return w.Restart(5) }, Event{Step: 5, Restart: true}},
		{"from the start", func(w *Writer) error { return w.Restart(0) }, Event{Restart: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := Create(t.TempDir(), at(1700000000))
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(c.write(w), w.Close()); err != nil {
				t.Fatal(err)
			}
			c.want.WallTime = 1700000000.5
			if diff := cmp.Diff([]Event{c.want}, readFile(t, w.Name()), cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	w, err := Create(t.TempDir(), at(1700000000))
	if err != nil {
		t.Fatal(err)
	}
	picture := encode(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"no tag", w.Scalar("", 1, 1), "tag must be UTF-8 and not empty"},
		{"tag and step", w.Scalar("\xff", -1, 1), "step must be at least 0, got -1"},
		{"picture's step", w.Image("samples", -1, picture, 1, 1), "step must be"},
		{"no PNG", w.Image("samples", 1, []byte("GIF89a, no PNG"), 1, 1), `writing picture "samples": png: invalid format`},
		{"PNG cut short", w.Image("samples", 1, picture[:20], 1, 1), "unexpected EOF"},
		{"width", w.Image("samples", 1, picture, 2, 1), "size must be the PNG's, 1 x 1, got 2 x 1"},
		{"height", w.Image("samples", 1, picture, 1, 2), "size must be the PNG's, 1 x 1, got 1 x 2"},
		{"text's tag", w.Text("", 1, "x"), "tag must be"},
		{"text", w.Text("recipe", 1, "\xff"), "the text must be UTF-8"},
		{"too long", w.Text("recipe", 1, strings.Repeat("x", maxRecord)), "it must have at most"},
		{"restart", w.Restart(-1), "step must be"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, c.err, c.want)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, w.Name()); len(got) != 0 {
		t.Errorf("refused, but written: %+v", got)
	}
	for name, err := range map[string]error{"Scalar": w.Scalar("x", 1, 1), "Flush": w.Flush(), "Close": w.Close()} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s after Close: %v, want %v", name, err, os.ErrClosed)
		}
	}
}

// Readers go by names: each new file must come last, and none be replaced.
func TestNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run", "events")
	var want []string
	for _, c := range []struct {
		now  int64
		host string
		want string
	}{
		{1700000000, "b", "events.out.tfevents.1700000000.b.chromabeam"},
		{1700000000, "a", "events.out.tfevents.1700000001.a.chromabeam"}, // the same second
		{1600000000, "b", "events.out.tfevents.1700000002.b.chromabeam"}, // a clock that went back
		{1700000009, "a/b c", "events.out.tfevents.1700000009.a-b-c.chromabeam"},
	} {
		w, err := Create(dir, Options{Now: at(c.now).Now, Host: c.host})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		want = append(want, filepath.Join(dir, c.want))
	}
	for _, other := range []string{"metrics.jsonl", "events.out.tfevents.12.foreign"} {
		if err := os.WriteFile(filepath.Join(dir, other), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, prefix+"folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	want = slices.Insert(want, 0, filepath.Join(dir, "events.out.tfevents.12.foreign")) // by name: "12" before "1700000000"
	got, err := Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Files (-want +got):\n%s", diff)
	}
	for _, now := range []int64{-1, maxSeconds + 1} {
		if _, err := Create(t.TempDir(), at(now)); err == nil || !strings.Contains(err.Error(), "must be in [0, 9999999999]") {
			t.Errorf("Create at %d: %v, want a range error", now, err)
		}
	}
	if _, err := Create(filepath.Join(want[1], "below"), at(1)); err == nil {
		t.Error("Create below a file: no error")
	}
	if _, err := Files(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Files of nothing: %v, want %v", err, os.ErrNotExist)
	}
}

// Another process may take the name between the listing and the making.
func TestNameTaken(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"events.out.tfevents.0000000005.host.chromabeam", "events.out.tfevents.0000000006.host.chromabeam"} {
		f, err := createFrom(dir, 5, "host")
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if got := filepath.Base(f.Name()); got != want {
			t.Errorf("made %s, want %s", got, want)
		}
	}
}

// What is flushed can be read while the file is open.
func TestFlush(t *testing.T) {
	w, err := Create(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if got := readFile(t, w.Name()); len(got) != 0 {
		t.Fatalf("a new file holds %+v", got)
	}
	if err := errors.Join(w.Scalar("l1/train", 1, 0.5), w.Flush()); err != nil {
		t.Fatal(err)
	}
	got := readFile(t, w.Name())
	if len(got) != 1 || got[0].Step != 1 || got[0].WallTime < 1.7e9 {
		t.Errorf("after Flush: %+v, want step 1 with today's time", got)
	}
}
