// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// chapters is a page of two groups with all that a group may hold.
func chapterPage() Page {
	curves := Curves{Title: "Curves", Note: "A point an epoch.", Compact: true, File: "pictures/curves.svg", Charts: []Chart{
		{Title: "L1", XLabel: "step", Series: []Series{
			{Name: "step", Muted: true, X: []float64{1, 2, 3, 4}, Y: []float64{0.9, 0.5, 0.6, 0.3}},
			{Name: "training", X: []float64{2, 4}, Y: []float64{0.7, 0.45}},
			{Name: "validation", Dashed: true, X: []float64{2, 4}, Y: []float64{0.75, 0.5}},
		}},
		{Title: "Loss <b>", XLabel: "step", LogY: true, Series: []Series{{Name: "diverged & gone", X: []float64{1, 2, 3}, Y: []float64{1, 90, math.NaN()}}}},
		{Title: "Empty", XLabel: "step"},
		{Title: "Fourth", XLabel: "step", Series: []Series{{Name: "one", X: []float64{1}, Y: []float64{2}}}},
	}}
	return Page{
		Title: "Two *chapters*", Lead: "1. A lead with <script> in it.", Footer: "chromabeam devel",
		Facts: []Fact{{"runs", "2", "of 2"}},
		Sections: []Section{
			Text{Title: "Not to be missed", Boxed: true, Paragraphs: []string{"- Smaller."}, Points: []string{"64 px", "+ 2 epochs"}},
			Contents{Title: "Contents"},
			Group{ID: "e-6.1", Title: "6.1 | one", Sections: []Section{
				Text{Paragraphs: []string{"See https://example.invalid and l1_weight or _this_."}, Points: []string{"a", "b"}},
				Table{
					Title: "Scores", Caption: "At the end", RowHeads: true, Best: []Cell{{0, 1}},
					Columns: []Column{{Name: "run"}, {Name: "L1", Numeric: true}}, Rows: [][]string{{"a|b", "0.1"}, {"c"}},
				},
				Strips{Title: "Samples", Items: []Strip{
					{Label: "gray", Source: "pictures/gray.png", Alt: "gray input", Width: 130, Height: 64},
					{Label: "6.1", Note: "diverged", Source: "pictures/6.1=a.jpg", Alt: "colours of 6.1", Width: 256, Height: 128, Mark: true},
					{Label: "6.2", Alt: "no samples yet"},
				}},
				Strips{Title: "As one picture", File: "pictures/all.png", Items: []Strip{{Label: "gray", Source: "pictures/gray.png", Alt: "gray input", Width: 130, Height: 64}}},
				curves,
			}},
			Group{ID: "e-6.2", Title: "Second", Note: "A note.", Sections: []Section{Text{Title: "Nothing", Paragraphs: []string{"None."}}}},
		},
	}
}

// TestChapters holds the three forms of a page of chapters against golden files.
func TestChapters(t *testing.T) {
	t.Parallel()
	page := chapterPage()
	curves := page.Sections[2].(Group).Sections[4].(Curves)
	for name, write := range map[string]func(io.Writer) error{
		"chapters.html": func(w io.Writer) error { return Render(w, page) },
		"chapters.md":   func(w io.Writer) error { return RenderMarkdown(w, page) },
		"chapters.svg":  func(w io.Writer) error { return RenderSVG(w, "Curves & more", curves.Charts) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v; go test ./transforms/report -update writes it", err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

// TestSVG is well-formed, needs nothing from outside and runs nothing.
func TestSVG(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	page := chapterPage()
	curves := page.Sections[2].(Group).Sections[4].(Curves)
	if err := RenderSVG(&b, `"quoted" <title> & more`, curves.Charts); err != nil {
		t.Fatal(err)
	}
	elements := map[string]int{}
	d := xml.NewDecoder(&b)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("it is not well-formed: %v", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		elements[start.Name.Local]++
		for _, a := range start.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
				t.Errorf("<%s> has %s=%q", start.Name.Local, a.Name.Local, a.Value)
			}
		}
	}
	if elements["script"] > 0 || elements["image"] > 0 || elements["style"] != 1 || elements["title"] != 1 {
		t.Errorf("elements are %v, want one style, one title, and no script or image", elements)
	}
	if err := RenderSVG(io.Discard, "none", nil); err == nil {
		t.Error("a file without a chart was drawn")
	}
}

// TestChapterRefusals are mistakes of a caller.
func TestChapterRefusals(t *testing.T) {
	t.Parallel()
	strip := func(source string) Section {
		return Strips{Items: []Strip{{Label: "a", Source: source, Alt: "a"}}}
	}
	tests := []struct {
		name     string
		sections []Section
		want     string
	}{
		{"anchor with a space", []Section{Group{ID: "a b"}}, "anchor of group"},
		{"no anchor", []Section{Group{}}, "anchor of group"},
		{"anchor twice", []Section{Group{ID: "a"}, Group{ID: "a"}}, `anchor "a" twice`},
		{"anchor of a section", []Section{Text{}, Group{ID: "s0"}}, `anchor "s0" twice`},
		{"group in a group", []Section{Group{ID: "a", Sections: []Section{Group{ID: "b"}}}}, "must be no report.Group"},
		{"section in a group", []Section{Group{ID: "a", Sections: []Section{Table{Rows: [][]string{{"x"}}}}}}, `section 0 of group ""`},
		{"picture elsewhere", []Section{strip("https://example.invalid/a.png")}, "below the page"},
		{"picture above", []Section{strip("../a.png")}, "below the page"},
		{"absolute picture", []Section{strip("/a.png")}, "below the page"},
		{"script as picture", []Section{strip("javascript:alert(1)")}, "below the page"},
		{"sheet above", []Section{Strips{File: "../a.png"}}, "below the page"},
		{"other format", []Section{strip("a.svg")}, "below the page"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := Render(io.Discard, Page{Sections: tt.sections})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
	for name, s := range map[string]Section{"a kind without a form": Rejects{}, "curves without a file": Curves{}, "curves elsewhere": Curves{File: "../x.svg"}} {
		if err := RenderMarkdown(io.Discard, Page{Sections: []Section{s}}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestLinkedPolicy allows pictures beside the page only where there are any.
func TestLinkedPolicy(t *testing.T) {
	t.Parallel()
	item := Strip{Label: "a", Source: "a.png", Alt: "a", Width: 1, Height: 1}
	for name, tt := range map[string]struct {
		section Section
		want    bool
	}{
		"strips":            {Strips{Items: []Strip{item}}, true},
		"strips in a group": {Group{ID: "a", Sections: []Section{Strips{Items: []Strip{item}}}}, true},
		"text":              {Text{Title: "a"}, false},
	} {
		page := render(t, Page{Sections: []Section{tt.section}})
		if got := strings.Contains(page, `img-src data: &#39;self&#39;;`) || strings.Contains(page, `img-src data: 'self';`); got != tt.want {
			t.Errorf("%s: pictures beside the page are allowed: %t, want %t", name, got, tt.want)
		}
	}
}

// TestInline shows that text stays text in Markdown.
func TestInline(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"l1_weight=25", "l1_weight=25"},
		{"_a_", `\_a\_`},
		{"a|b", `a\|b`},
		{"*a* `b` [c](d)", "\\*a\\* \\`b\\` \\[c\\](d)"},
		{"<img src=x>", "&lt;img src=x&gt;"},
		{"a\nb\r\n\tc", "a b   c"},
		{"https://x.invalid @y #1", `https\://x.invalid \@y \#1`},
		{"www.x.invalid, WWW.x", `www\.x.invalid, WWW\.x`},
		{`a\|b`, `a\\\|b`},
		{"&lt;", "&amp;lt;"},
		{"  padded ", "padded"},
	}
	for _, tt := range tests {
		if got := inline(tt.in); got != tt.want {
			t.Errorf("inline(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	for in, want := range map[string]string{"- a": `\- a`, "1. a": `1\. a`, "6.4 a": "6.4 a", "12) a": `12\) a`, "2.": `2\.`, "12": "12", "a": "a", "": "", "=": `\=`} {
		if got := opening(in); got != want {
			t.Errorf("opening(%q) = %q, want %q", in, got, want)
		}
	}
}
