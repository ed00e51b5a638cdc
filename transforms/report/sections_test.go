// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPolicy pins the content security policy: without a slider it allows no
// script at all, with one just the script that is in the page.
func TestPolicy(t *testing.T) {
	t.Parallel()
	const plain = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">`
	single := sampleTimeline(t, 1)
	for name, p := range map[string]Page{
		"no timeline": sample(t), "one moment": {Sections: []Section{single}},
		"no items": {Sections: []Section{Timeline{Frames: []string{"a", "b"}}}},
	} {
		if page := render(t, p); !strings.Contains(page, plain) || strings.Contains(page, "<script") || strings.Contains(page, "<input") {
			t.Errorf("%s: the page has another policy, a script or a slider", name)
		}
	}

	two := Page{Sections: []Section{sampleTimeline(t, 2), sampleTimeline(t, 3)}}
	page := render(t, two)
	found := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(page, -1)
	if len(found) != 1 {
		t.Fatalf("two timelines give %d scripts, want 1", len(found))
	}
	sum := sha256.Sum256([]byte(found[0][1]))
	want := strings.TrimSuffix(plain, `">`) + `; script-src 'sha256-` + base64.StdEncoding.EncodeToString(sum[:]) + `'">`
	meta := regexp.MustCompile(`<meta http-equiv[^>]*>`).FindString(page)
	if diff := cmp.Diff(want, html.UnescapeString(meta)); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
}

// TestTimelineWithoutScript shows what the markup alone gives: the last moment,
// no slider, and every picture once.
func TestTimelineWithoutScript(t *testing.T) {
	t.Parallel()
	page := render(t, Page{Sections: []Section{sampleTimeline(t, 3)}})
	shown := regexp.MustCompile(`<div><img[^>]*alt="([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(shown) != 6 {
		t.Fatalf("%d frames are shown, want one for each of 6 items", len(shown))
	}
	for _, m := range shown {
		if !strings.HasSuffix(m[1], ", epoch 3") {
			t.Errorf("frame %q is shown, want the last", m[1])
		}
	}
	if !strings.Contains(page, `<div class="scrub" hidden>`) {
		t.Error("the slider is shown")
	}
	if n := strings.Count(page, "base64,"); n != 6*(1+3+1) {
		t.Errorf("page has %d pictures, want 30: gray, 3 frames and true of 6 items, each once", n)
	}
}

func TestSectionsRefuse(t *testing.T) {
	t.Parallel()
	good := labelled(t, "x")
	bad := []Picture{{Data: []byte("text")}}
	tests := []struct {
		name    string
		section Section
		want    string
	}{
		{
			"frames", Timeline{Title: "t", Frames: []string{"a", "b"}, Items: []TimelineItem{{Caption: "c", Frames: good}}},
			`section 0: item 0 ("c") of timeline "t" must have a frame for each of the 2 moments, got 1`,
		},
		{"no moments", Timeline{Items: []TimelineItem{{Frames: good}}}, "each of the 0 moments, got 1"},
		{"frame", Timeline{Frames: []string{"a"}, Items: []TimelineItem{{Caption: "c", Frames: bad}}}, `item 0 ("c"), frame 0 ("a"): reading a picture's header`},
		{"empty frame", Timeline{Frames: []string{"a"}, Items: []TimelineItem{{Frames: make([]Picture, 1)}}}, "frame 0"},
		{"before", Timeline{Frames: []string{"a"}, Items: []TimelineItem{{Before: bad, Frames: good}}}, "before: picture 0"},
		{"after", Timeline{Frames: []string{"a"}, Items: []TimelineItem{{After: bad, Frames: good}}}, "after: picture 0"},
		{
			"columns", Comparison{Title: "t", Columns: []string{"a", "b"}, Rows: []ComparisonRow{{Caption: "c", Pictures: good}}},
			`row 0 ("c") of comparison "t" must have a picture for each of the 2 columns, got 1`,
		},
		{"run", Comparison{Columns: []string{"a"}, Rows: []ComparisonRow{{Caption: "c", Pictures: bad}}}, `row 0 ("c"), column "a": reading`},
		{"shared", Comparison{Columns: []string{"a"}, Rows: []ComparisonRow{{Before: bad, Pictures: good}}}, "before: picture 0"},
		{"best row", Table{Title: "t", Columns: []Column{{}}, Best: []Cell{{0, 0}}}, `best cell of table "t" must be in its 0 rows and 1 columns, got row 0, column 0`},
		{"best column", Table{Columns: []Column{{}}, Rows: [][]string{{"1"}}, Best: []Cell{{0, 1}}}, "got row 0, column 1"},
		{"best negative", Table{Columns: []Column{{}}, Rows: [][]string{{"1"}}, Best: []Cell{{-1, 0}}}, "got row -1, column 0"},
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

func TestComparisonLeavesPlaces(t *testing.T) {
	t.Parallel()
	page := render(t, Page{Sections: []Section{sampleComparison(t)}})
	if n := strings.Count(page, "no picture"); n != 3 {
		t.Errorf("%d empty places, want 3", n)
	}
	if n := strings.Count(page, `<td class="cell">`); n != 18 {
		t.Errorf("%d places, want 18", n)
	}
	if !strings.Contains(page, `alt="faces/01370.png, lambda 10, 24.4 dB"`) {
		t.Error("a picture's text names not its subject, run and label")
	}
}
