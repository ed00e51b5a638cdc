// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"flag"
	"html"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

// picture draws a disk, in gray or in colour.
func picture(t testing.TB, side int, gray bool, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			dx, dy := float64(x-side/2), float64(y-side/2)
			v := uint8(255 * math.Exp(-(dx*dx+dy*dy)/float64(side*side/8)))
			c := color.RGBA{v, uint8(x * 255 / side), uint8(y * 255 / side), 255}
			if gray {
				c = color.RGBA{v, v, v, 255}
			}
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(b *bytes.Buffer, m image.Image) error  { return png.Encode(b, m) }
func asJPEG(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }
func asGIF(b *bytes.Buffer, m image.Image) error  { return gif.Encode(b, m, nil) }

// sample is a page with a section of every kind.
func sample(t testing.TB) Page {
	t.Helper()
	var steps, loss, val, lr []float64
	for i := range 5000 {
		x := float64(i)
		steps = append(steps, x)
		loss = append(loss, 0.4*math.Exp(-x/900)+0.08+0.03*math.Sin(x*1.7)*math.Cos(x*0.013))
		val = append(val, 0.42*math.Exp(-x/1000)+0.1)
		lr = append(lr, 2e-4*math.Pow(0.1, x/1500))
	}
	triplet := func(caption string, side int) Item {
		return Item{Caption: caption, Pictures: []Picture{
			{Label: "gray", Data: picture(t, side, true, asPNG)},
			{Label: "generated", Data: picture(t, side, false, asJPEG)},
			{Label: "true", Data: picture(t, side, false, asPNG)},
		}}
	}
	return Page{
		Title: "Bulk colouring of faces", Lead: "6,000 pictures were coloured in one run.",
		Facts: []Fact{
			{"coloured", "5,997", "of 6,000"},
			{"rejected", "3", "reasons below"},
			{"pictures a second", "84.2", "in this run, on xla:cpu"},
			{"megapixels", "24", ""},
		},
		Sections: []Section{
			Gallery{Title: "Before and after", Note: "A selection.", Items: []Item{
				triplet("anime/1.png", 64), triplet("anime/a-rather-long-name-of-a-picture-that-must-wrap-somewhere.png", 128),
				{Caption: "pair.jpg", Pictures: []Picture{{Label: "before", Data: picture(t, 120, true, asJPEG)}, {Label: "after", Data: picture(t, 120, false, asJPEG)}}},
				{Caption: "another.jpg", Pictures: []Picture{{Label: "before", Data: picture(t, 120, true, asJPEG)}, {Label: "after", Data: picture(t, 120, false, asJPEG)}}},
			}},
			Curves{Title: "Learning curves", Charts: []Chart{
				{Title: "L1 loss", XLabel: "step", YLabel: "L1", Series: []Series{
					{Name: "raw", X: steps, Y: loss, Muted: true}, {Name: "training", X: steps, Y: val}, {Name: "validation", X: steps[:3000], Y: val[1000:4000]},
				}},
				{Title: "Learning rate", XLabel: "step", LogY: true, Series: []Series{{Name: "generator", X: steps, Y: lr}}},
				{Title: "Nothing yet", XLabel: "step", Series: []Series{{Name: "d"}}},
			}},
			Table{Title: "Settings", Columns: []Column{{Name: "Setting"}, {Name: "Value", Numeric: true}}, Rows: [][]string{{"batch", "8"}, {"size", "64"}}},
			Rejects{Title: "Rejected pictures", Note: "All are in rejects.jsonl.", Total: 7, Items: []fault.Reject{
				{Source: "a/b.png", Stage: fault.StageDecode, Reason: "truncated PNG"},
				{Source: "a/c.png", Stage: fault.StageDecode, Reason: "truncated PNG"},
				{Source: "d.jpg", Stage: fault.StageRead, Reason: "unreadable file", Transient: true},
			}},
			Rejects{Title: "Nothing rejected"},
			Text{Title: "Where things are", Paragraphs: []string{"Here.", "There."}},
		},
		Footer: "chromabeam 0.1.0",
	}
}

func render(t testing.TB, p Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// withoutPictures leaves the pictures out, since encoders may change with Go.
func withoutPictures(page string) string {
	return regexp.MustCompile(`base64,[A-Za-z0-9+/=&#;]+`).ReplaceAllString(page, "base64,...")
}

// TestRenderGolden pins whole pages, without their pictures.
func TestRenderGolden(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]Page{"sample.html": sample(t), "sweep.html": SweepSample(t), "job.html": JobSample(t)} {
		golden := filepath.Join("testdata", name)
		got := withoutPictures(render(t, p))
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatalf("%v; go test -update makes it", err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("page differs from %s; look at it and run go test -update (-want +got):\n%s", golden, diff)
		}
		if again := render(t, p); again != render(t, p) {
			t.Errorf("%s: the same page rendered twice differs", name)
		}
	}
}

func TestRenderIsSelfContained(t *testing.T) {
	t.Parallel()
	page := render(t, sample(t))
	for _, bad := range []string{"http:", "https:", "<script", "@import", "url(", "ZgotmplZ", "//"} {
		if strings.Contains(withoutPictures(page), bad) {
			t.Errorf("page holds %q", bad)
		}
		if bad != "<script" && strings.Contains(withoutPictures(render(t, SweepSample(t))), bad) {
			t.Errorf("page of a sweep holds %q", bad)
		}
	}
	if n := strings.Count(page, "<img"); n != 10 {
		t.Errorf("page has %d pictures, want 10", n)
	}
	if !strings.Contains(page, "default-src 'none'") || !strings.Contains(page, "prefers-color-scheme: dark") {
		t.Error("page lacks its content security policy or its dark colours")
	}
	if len(page) > 200<<10 {
		t.Errorf("page has %d bytes: long series are not thinned", len(page))
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	gifBytes := picture(t, 8, false, asGIF)
	tests := []struct {
		name    string
		section Section
		want    string
	}{
		{"no picture", Gallery{Items: []Item{{Caption: "x", Pictures: []Picture{{Data: []byte("text")}}}}}, "reading a picture's header"},
		{"gif", Gallery{Items: []Item{{Caption: "x", Pictures: []Picture{{Data: gifBytes}}}}}, "PNG or JPEG"},
		{"row too long", Table{Title: "t", Columns: []Column{{Name: "a"}}, Rows: [][]string{{"1", "2"}}}, "at most 1 cells, got 2"},
		{"ragged series", Curves{Charts: []Chart{{Series: []Series{{Name: "s", X: []float64{1}}}}}}, "as many x as y values, got 1 and 0"},
		{"pointer", (*Text)(nil), "by value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			err := Render(&b, Page{Sections: []Section{tt.section}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if b.Len() != 0 {
				t.Error("a page was written in part")
			}
		})
	}
}

// hostile puts text everywhere a page takes it.
func hostile(t testing.TB, s string) Page {
	return Page{
		Title: s, Lead: s, Footer: s, Facts: []Fact{{s, s, s}},
		Sections: []Section{
			Text{Title: s, Paragraphs: []string{s}},
			Table{Title: s, Note: s, Columns: []Column{{Name: s}}, Rows: [][]string{{s}}, Best: []Cell{{0, 0}}},
			Gallery{Title: s, Note: s, Items: []Item{{Caption: s, Pictures: []Picture{{Label: s, Data: picture(t, 2, true, asPNG)}}}}},
			Curves{Title: s, Note: s, Charts: []Chart{{Title: s, XLabel: s, YLabel: s, Series: []Series{{Name: s, X: []float64{0, 1}, Y: []float64{0, 1}}}}}},
			Timeline{Title: s, Note: s, Frames: []string{s, s}, Items: []TimelineItem{
				{Caption: s, Before: labelled(t, s), After: labelled(t, s), Frames: append(labelled(t, s), labelled(t, "")...)},
			}},
			Comparison{Title: s, Note: s, Columns: []string{s}, Rows: []ComparisonRow{{Caption: s, Before: labelled(t, s), Pictures: labelled(t, s)}}},
			Pairs{Title: s, Note: s, Items: []Pair{{Caption: s, Before: labelled(t, s)[0], After: labelled(t, s)[0]}}},
			Breakdown{Title: s, Note: s, Columns: []string{s, s}, Parts: []Part{{s, []string{s}, 0.5}}},
			Rejects{Title: s, Note: s, Reasons: []Reason{{fault.Stage(s), s, 1}}, Items: []fault.Reject{{Source: s, Stage: fault.Stage(s), Reason: s}}},
		},
	}
}

// tags is the page's markup without its text.
func tags(page string) []string {
	return regexp.MustCompile(`<[a-zA-Z/!][a-zA-Z0-9]*`).FindAllString(page, -1)
}

func FuzzRenderEscapes(f *testing.F) {
	for _, s := range []string{
		"plain", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "'", "{{.}}", "</style><b>", "</title>",
		"\x00\xff", "javascript:alert(1)", "&lt;", "-->", "]]>", "a\nb",
	} {
		f.Add(s)
	}
	want := tags(render(f, hostile(f, "x")))
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" {
			return // empty text leaves its element out
		}
		page := render(t, hostile(t, s))
		if diff := cmp.Diff(want, tags(page)); diff != "" {
			t.Errorf("text %q changes the markup (-want +got):\n%s", s, diff)
		}
	})
}

func TestRenderKeepsText(t *testing.T) {
	t.Parallel()
	const name = `a<b>&"c".png`
	if page := render(t, hostile(t, name)); !strings.Contains(page, "<title>"+html.EscapeString(name)) {
		t.Error("an escaped title is not in the page")
	}
}

func BenchmarkRender(b *testing.B) {
	p := sample(b)
	for b.Loop() {
		if err := Render(&bytes.Buffer{}, p); err != nil {
			b.Fatal(err)
		}
	}
}
