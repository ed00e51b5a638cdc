// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseNotes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       map[string]Note
		fault      string
	}{
		{"nothing", "", map[string]Note{}, ""},
		{"before the first heading", "# Notes\nwords\n\n## 6.1\ntext", map[string]Note{"6.1": {Paragraphs: []string{"text"}}}, ""},
		{"any case", "## SUMMARY\na\n## data\nb", map[string]Note{"summary": {Paragraphs: []string{"a"}}, "data": {Paragraphs: []string{"b"}}}, ""},
		{"CRLF", "## 6.1\r\na\r\nb\r\n\r\nc\r\n", map[string]Note{"6.1": {Paragraphs: []string{"a b", "c"}}}, ""},
		{"list", "## 6.7-mean\n- one\n  more\n- two\n\nlast", map[string]Note{"6.7-mean": {Paragraphs: []string{"last"}, Points: []string{"one more", "two"}}}, ""},
		{"marks", "## 6.1\n**Bold** and `code` and <b>", map[string]Note{"6.1": {Paragraphs: []string{"Bold and code and <b>"}}}, ""},
		{"empty note", "## 6.1\n\n## 6.2\nx", map[string]Note{"6.2": {Paragraphs: []string{"x"}}}, ""},
		{"unknown", "## 6.44\nx\n## other\ny", nil, `"6.44", "other"`},
		{"twice", "## 6.1\nx\n## 6.1\ny", nil, `"6.1"`},
		{"too long", "## 6.1\n" + strings.Repeat("x", maxNotes), nil, "at most"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseNotes(tt.text)
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fault) {
					t.Errorf("got %v, want an error with %q", err, tt.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseNotes(f *testing.F) {
	f.Add("## 6.1\ntext\n\n- point\n")
	f.Add("## Summary\r\n# x\n<!-- y -->\n- \n")
	f.Add("##  6.1 \n\x00`**`")
	f.Fuzz(func(t *testing.T, text string) {
		notes, err := ParseNotes(text)
		if err != nil {
			return
		}
		for name, n := range notes {
			if n.empty() {
				t.Errorf("the note on %q is empty", name)
			}
			for _, s := range append(n.Paragraphs, n.Points...) {
				if s == "" || strings.ContainsAny(s, "\n\r\x00`") || s != strings.TrimSpace(s) {
					t.Errorf("the note on %q has %q", name, s)
				}
			}
		}
	})
}

func ExampleParseNotes() {
	notes, err := ParseNotes("## 6.4\n\nIt is\nstable.\n\n- `d_coef` is 10\n")
	fmt.Println(notes["6.4"].Paragraphs, notes["6.4"].Points, err)
	// Output: [It is stable.] [d_coef is 10] <nil>
}
