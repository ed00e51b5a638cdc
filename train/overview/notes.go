// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// The headings of notes that are no experiment's name.
const (
	notesSummary = "summary"
	notesData    = "data"
)

// maxNotes bounds a file of notes, in bytes.
const maxNotes = 1 << 20

// Note is what somebody wrote about one experiment: paragraphs, and a list after
// them.
type Note struct {
	Paragraphs []string `json:"paragraphs,omitempty"`
	Points     []string `json:"points,omitempty"`
}

func (n Note) empty() bool { return len(n.Paragraphs) == 0 && len(n.Points) == 0 }

// ParseNotes reads notes: under a heading "## 6.4" the paragraphs about that
// experiment, under "## Summary" those for the top of the page, under "## Data" those
// about the data set and its licence. An empty line ends a paragraph; lines that begin
// with "- " are a list. What stands before the first such heading, and headings of
// the first level, are left out. The texts are plain: marks of emphasis and code are
// dropped.
//
// A heading that is no recipe's name, or is there twice, is an error; all of them are
// named.
func ParseNotes(text string) (map[string]Note, error) {
	if len(text) > maxNotes {
		return nil, fmt.Errorf("notes must be at most %d bytes, got %d", maxNotes, len(text))
	}
	notes := map[string]Note{}
	var wrong []string
	p := notesParser{}
	end := func() {
		p.close()
		if p.name != "" && !p.note.empty() {
			notes[p.name] = p.note
		}
		p.note = Note{}
	}
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		line = strings.TrimSpace(line)
		heading, isHeading := strings.CutPrefix(line, "## ")
		if !isHeading {
			p.line(line)
			continue
		}
		end()
		p.name = noteName(heading)
		_, twice := notes[p.name]
		if twice || !slices.Contains(noteNames(), p.name) {
			wrong = append(wrong, fmt.Sprintf("%q", report.Legible(heading)))
		}
	}
	end()
	if len(wrong) > 0 {
		return nil, fmt.Errorf("each heading of notes must be Summary, Data or a recipe's name, and there once; got %s",
			strings.Join(wrong, ", "))
	}
	return notes, nil
}

// noteName is a heading as notes are found by it.
func noteName(heading string) string {
	name := strings.TrimSpace(heading)
	if lower := strings.ToLower(name); lower == notesSummary || lower == notesData {
		return lower
	}
	return name
}

func noteNames() []string {
	names := []string{notesSummary, notesData}
	for _, e := range recipes.All() {
		names = append(names, e.Name)
	}
	return names
}

// notesParser puts lines together.
type notesParser struct {
	name    string
	note    Note
	pending []string // the lines of what is not over yet
	point   bool     // it is an item of a list
}

func (p *notesParser) line(line string) {
	item, isPoint := strings.CutPrefix(line, "- ")
	switch {
	case line == "" || strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "<!--"):
		p.close()
	case isPoint:
		p.close()
		p.pending, p.point = []string{item}, true
	default:
		p.pending = append(p.pending, line)
	}
}

func (p *notesParser) close() {
	text := strings.TrimSpace(plain(strings.Join(p.pending, " ")))
	switch {
	case text == "":
	case p.point:
		p.note.Points = append(p.note.Points, text)
	default:
		p.note.Paragraphs = append(p.note.Paragraphs, text)
	}
	p.pending, p.point = nil, false
}

// plain drops marks of code and strong emphasis, and characters that are not seen.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.NewReplacer("**", "", "`", "").Replace(text))
}
