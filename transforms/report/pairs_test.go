// SPDX-License-Identifier: Apache-2.0

package report

import (
	"image/color"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// TestPairsWithoutScript shows what the markup alone gives: both pictures beside
// each other with their labels, and a slider that is hidden and has a name.
func TestPairsWithoutScript(t *testing.T) {
	t.Parallel()
	p := samplePairs(t)
	page := render(t, Page{Sections: []Section{p}})
	if n := strings.Count(page, "<img"); n != 2*len(p.Items) {
		t.Errorf("%d pictures, want %d", n, 2*len(p.Items))
	}
	sliders := regexp.MustCompile(`<input [^>]*>`).FindAllString(page, -1)
	if len(sliders) != len(p.Items)-1 {
		t.Errorf("%d sliders, want one for each pair of equal sizes, %d", len(sliders), len(p.Items)-1)
	}
	for _, s := range sliders {
		if !strings.HasPrefix(s, `<input type="range" `) || !strings.HasSuffix(s, " hidden>") || !strings.Contains(s, `aria-label="`) {
			t.Errorf("slider %s", s)
		}
	}
	for _, want := range []string{
		`aria-label="scans/plate-00017.tif, before and after"`, `alt="scans/plate-00017.tif, after"`,
		`aria-label="&lt;b&gt;&amp;&#34;quoted&#34; &#39;single&#39;&lt;/b&gt;.jpg, scan and coloured"`, `aria-label="before and after"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "\u202e") {
		t.Error("a name may turn the direction of others")
	}
	different := Page{Sections: []Section{Pairs{Items: p.Items[len(p.Items)-1:]}}}
	if page := render(t, different); strings.Contains(page, "<script") || strings.Contains(page, "<input") {
		t.Error("a page without a slider has a script")
	}
}

func TestPairsAndBreakdownRefuse(t *testing.T) {
	t.Parallel()
	good := Picture{Data: solid(t, 2, 2, color.White)}
	for _, tt := range []struct {
		section Section
		want    string
	}{
		{Pairs{Items: []Pair{{Caption: "c", Before: good, After: Picture{Data: []byte("text")}}}}, `item 0 ("c"), after: reading a picture's header`},
		{Pairs{Items: []Pair{{Before: Picture{}, After: good}}}, "before: reading"},
		{Breakdown{Title: "t", Columns: []string{"a", "b"}, Parts: []Part{{Name: "p"}}}, `part 0 ("p") of breakdown "t" must have a value for each of the 2 columns but the first, got 0`},
		{Breakdown{Columns: []string{"a"}, Parts: []Part{{Share: 1.1}}}, "must be in [0, 1], got 1.1"},
		{Breakdown{Columns: []string{"a"}, Parts: []Part{{Share: math.NaN()}}}, "must be in [0, 1], got NaN"},
	} {
		err := Render(&strings.Builder{}, Page{Sections: []Section{tt.section}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want one with %q", err, tt.want)
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"", 1, ""}, {"abc", 3, "abc"}, {"abcd", 3, "a…d"}, {"abcde", 4, "a…de"}, {"ab", 1, "…"},
		{"写真写真", 4, "写真写真"}, {"写真写真x", 4, "写…真x"}, //nolint:gosmopolitan // names may be in any script
	} {
		got := Clip(tt.in, tt.n)
		if got != tt.want || utf8.RuneCountInString(got) > tt.n {
			t.Errorf("Clip(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
	if got := legible("a\u202eb\u2066c\x00d\r\ne 👩‍👧"); got != "a\ufffdb\ufffdc\ufffdd\ufffd\ne 👩‍👧" {
		t.Errorf("legible gives %q", got)
	}
}

// TestRejectsReasons: what a caller has counted over all rejects is shown, a
// dozen reasons and the sum of the others.
func TestRejectsReasons(t *testing.T) {
	t.Parallel()
	r := Rejects{Total: 5000, Items: []fault.Reject{{Source: "a", Stage: fault.StageRead, Reason: "x"}, {Source: "b", Stage: fault.StageRead, Reason: "x"}}}
	v := rejectsView(r)
	if diff := cmp.Diff([]reasonView{{fault.StageRead, "x", "2"}}, v.Reasons); diff != "" || v.Hidden != "4,998" {
		t.Errorf("hidden %q, reasons (-want +got):\n%s", v.Hidden, diff)
	}
	for i := range 14 {
		r.Reasons = append(r.Reasons, Reason{fault.StageRead, string(rune('a' + i)), int64(1000 + i)})
	}
	v = rejectsView(r)
	if n := len(v.Reasons); n != maxReasons+1 || v.Reasons[n-1] != (reasonView{Reason: "for other reasons", Count: "2,025"}) {
		t.Errorf("%d reasons: %+v", n, v.Reasons)
	}
}

func TestFromZero(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		y    []float64
		want string // the lowest tick
	}{{[]float64{40, 50}, "0"}, {[]float64{50}, "0"}, {[]float64{-1, 1}, "-1"}, {nil, "0"}} {
		v, err := viewChart(Chart{FromZero: true, Series: []Series{{X: make([]float64, len(tt.y)), Y: tt.y}}})
		if err != nil || v.YTicks[0].Text != tt.want {
			t.Errorf("%v: the axis begins at %q, %v", tt.y, v.YTicks[0].Text, err)
		}
	}
}
