// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"fmt"
	"html"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// layoutSample has the sections of a data set's page with figures that do not
// depend on how pictures are encoded.
func layoutSample(t testing.TB) Page {
	t.Helper()
	luma := Histogram{Title: "Luma", XLabel: "gray level", YLabel: "% of pixels", Unit: "pixels", Series: []Bins{{Name: "train"}, {Name: "val"}}}
	for i := range 17 {
		luma.Bounds = append(luma.Bounds, float64(16*i))
	}
	for i := range int64(16) {
		luma.Series[0].Counts = append(luma.Series[0].Counts, 100+10*i*(16-i)+i/15*9000)
		luma.Series[1].Counts = append(luma.Series[1].Counts, 10+i)
	}
	widths := Histogram{
		Title: "Widths", XLabel: "pixels", YLabel: "% of pictures", Unit: "pictures", Open: true,
		Bounds: []float64{1, 64, 91, 128, 181, 256, 362, 512, 724, 1024}, Series: []Bins{{Name: "all", Counts: []int64{0, 0, 0, 1, 7, 0, 0, 0, 0}}},
	}
	return Page{
		Title: "Data set", Lead: "Eight pairs.", Facts: []Fact{{"pictures", "8", "0 rejects"}}, Footer: "chromabeam 0.1.0",
		Sections: []Section{
			Swatches{Title: "Mean colour", Note: "Of all pixels.", Items: []Swatch{{"train", 218, 203, 3}, {"val", 0, 255, 16}}},
			ContactSheet{Title: "Contact sheet: train", Note: "Two of 8.", Items: []Item{
				{Caption: "zoo/0001.png", Pictures: labelled(t, "gray")}, {Caption: "<b>.png", Pictures: labelled(t, "colour")},
			}},
			Histograms{Title: "Histograms", Note: "Shares.", Charts: []Histogram{luma, widths, {Title: "Nothing", Bounds: []float64{0, 1}}}},
		},
	}
}

// TestDatasetGolden pins a whole page, without its pictures.
func TestDatasetGolden(t *testing.T) {
	t.Parallel()
	golden, got := filepath.Join("testdata", "dataset.html"), withoutPictures(render(t, layoutSample(t)))
	if *update {
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
}

func TestDatasetPage(t *testing.T) {
	t.Parallel()
	p := DatasetSample(t)
	var kinds []string
	for _, s := range p.Sections {
		kinds = append(kinds, s.kind())
	}
	want := []string{"table", "table", "swatches", "sheet", "sheet", "sheet", "histograms", "gallery", "gallery", "table"}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Fatalf("sections (-want +got):\n%s", diff)
	}
	if got := p.Sections[0].(Table).Rows; len(got) != 1 || !strings.Contains(got[0][1], "pixels are not the itu-r-601") {
		t.Errorf("problems %q, want the one pair that does not match", got)
	}
	if got := len(p.Sections[6].(Histograms).Charts); got != 6 {
		t.Errorf("%d histograms, want 6", got)
	}
	if !strings.HasPrefix(p.Lead, "60 pairs of 32 x 32 pixels in 3 shards. 1 problem found") {
		t.Errorf("lead %q", p.Lead)
	}
	page := render(t, p)
	if render(t, DatasetSample(t)) != page {
		t.Error("the same data set described twice differs")
	}
	for _, bad := range []string{"<script", "alert(0)</script>", "http:", "https:", "url(", "ZgotmplZ"} {
		if strings.Contains(withoutPictures(page), bad) {
			t.Errorf("page holds %q", bad)
		}
	}
	if !strings.Contains(page, `title="`+html.EscapeString(`zoo/<script>`)) {
		t.Error("a hostile name is not in the page as text")
	}
	if !strings.Contains(page, "default-src 'none'") || strings.Contains(page, "script-src") {
		t.Error("the page's policy is another one")
	}
}

// TestDatasetPageOfSound shows the page of a data set in which nothing is
// wrong, and of an empty one.
func TestDatasetPageOfSound(t *testing.T) {
	t.Parallel()
	f := fixture{seed: 3, val: 0, test: 0, side: 16}
	for name, n := range map[string]int{"sound": 8, "empty": 0} {
		var list []shard.Sample
		for i := range n {
			list = append(list, f.sample(t, i, f.sphere(i)))
		}
		r, err := shard.Examine(t.Context(), f.write(t, list), shard.SurveyOptions{Deep: true, Sheet: 4})
		if err != nil {
			t.Fatal(err)
		}
		p, err := DatasetPage(name, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Sections {
			if table, ok := s.(Table); ok && table.Title == "Problems" {
				t.Errorf("%s: the page lists problems: %v", name, table.Rows)
			}
			if h, ok := s.(Histograms); ok && len(h.Charts[0].Series) != 1 {
				t.Errorf("%s: %d series, want 1", name, len(h.Charts[0].Series))
			}
		}
		if !strings.Contains(p.Lead, "every gray picture is that of its colour picture") {
			t.Errorf("%s: lead %q", name, p.Lead)
		}
		render(t, p)
	}
}

func TestDatasetPageNeedsSurvey(t *testing.T) {
	t.Parallel()
	if _, err := DatasetPage("x", shard.Report{}); err == nil || !strings.Contains(err.Error(), "must have a survey") {
		t.Errorf("a report without survey: %v", err)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	t.Parallel()
	r := shard.Report{Problems: make([]shard.Problem, shownProblems+20)}
	if got := problemTable(r); len(got.Rows) != shownProblems || got.Note != "The first 100 of 120." {
		t.Errorf("%d rows, note %q", len(got.Rows), got.Note)
	}
}

func TestThumbnail(t *testing.T) {
	t.Parallel()
	small, large := picture(t, thumbnailSide, false, asPNG), picture(t, thumbnailSide+1, false, asPNG)
	got, err := thumbnail(small)
	if err != nil || !bytes.Equal(got, small) {
		t.Errorf("a small picture is not kept as it is: %v", err)
	}
	if got, err = thumbnail(large); err != nil {
		t.Fatal(err)
	}
	cfg, format, err := image.DecodeConfig(bytes.NewReader(got))
	if err != nil || format != "jpeg" || cfg.Width != thumbnailSide || cfg.Height != thumbnailSide {
		t.Errorf("a large picture becomes %s of %dx%d: %v", format, cfg.Width, cfg.Height, err)
	}
	if _, err := thumbnail([]byte("text")); err == nil {
		t.Error("text has a thumbnail")
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 9940: "9.9 kB", 9960: "10 kB", 17_300: "17 kB", 999_499: "999 kB", 999_500: "1.0 MB",
		1_234_567_890: "1.2 GB", 1 << 62: "4.6 EB",
	} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
}

// hostileDataset puts text everywhere the sections of a data set take it.
func hostileDataset(t testing.TB, s string) Page {
	t.Helper()
	bins := Histogram{Title: s, XLabel: s, YLabel: s, Unit: s, Bounds: []float64{0, 1, 2}, Series: []Bins{{s, []int64{1, 2}}, {s, []int64{0, 1}}}}
	return Page{Title: s, Lead: s, Footer: s, Facts: []Fact{{s, s, s}}, Sections: []Section{
		Text{Title: s, Paragraphs: []string{s}},
		Table{Title: s, Note: s, Columns: []Column{{Name: s}}, Rows: [][]string{{s}}},
		Gallery{Title: s, Note: s, Items: []Item{{Caption: s, Pictures: labelled(t, s)}}},
		Curves{Title: s, Note: s, Charts: []Chart{{Title: s, Series: []Series{{Name: s, X: []float64{0, 1}, Y: []float64{0, 1}}}}}},
		Histograms{Title: s, Note: s, Charts: []Histogram{bins}},
		ContactSheet{Title: s, Note: s, Items: []Item{{Caption: s, Pictures: labelled(t, s)}}},
		Swatches{Title: s, Note: s, Items: []Swatch{{s, 1, 2, 255}}},
		Rejects{Title: s, Note: s, Items: []fault.Reject{{Source: s, Stage: fault.Stage(s), Reason: s}}},
	}}
}

func FuzzDatasetEscapes(f *testing.F) {
	for _, s := range []string{
		"plain", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "'", "{{.}}", "</style><b>", "</title>", "a/b/", "/",
		"\x00\xff", "javascript:alert(1)", "&lt;", "-->", "]]>", "a\nb", `a" onload="x`,
	} {
		f.Add(s)
	}
	want := tags(render(f, hostileDataset(f, "x")))
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" {
			return // empty text leaves its element out
		}
		if diff := cmp.Diff(want, tags(render(t, hostileDataset(t, s)))); diff != "" {
			t.Errorf("text %q changes the markup (-want +got):\n%s", s, diff)
		}
	})
}

func TestTileNames(t *testing.T) {
	t.Parallel()
	for caption, want := range map[string]string{"a/b/c.png": "c.png", "c.png": "c.png", "gs://b/x/": "gs://b/x/", "": ""} {
		sheet, err := sheetView(ContactSheet{Items: []Item{{Caption: caption, Pictures: labelled(t, "gray")}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(sheet.Tiles[0].Name, "|", sheet.Tiles[0].Caption); got != want+"|"+caption {
			t.Errorf("caption %q shows %q", caption, got)
		}
	}
}
