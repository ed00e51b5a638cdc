// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// RenderMarkdown writes the page as Markdown for hosts of code that show no HTML:
// the same texts and tables, [Strips] and the files of [Curves] as pictures. It knows
// Text, Table, Strips, Curves with a file, Contents and Group, and refuses other
// kinds. All text is escaped: what stands in a name marks nothing up. The same page
// gives the same bytes.
func RenderMarkdown(w io.Writer, p Page) error {
	m := markdown{page: p}
	m.block("# " + inline(p.Title))
	m.paragraph(p.Lead)
	m.facts(p.Facts)
	var problems []error
	for i, s := range p.Sections {
		if err := m.section(s, "##"); err != nil {
			problems = append(problems, fmt.Errorf("rendering section %d: %w", i, err))
		}
	}
	if p.Footer != "" {
		m.block("---")
		m.paragraph(p.Footer)
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	_, err := w.Write(m.Bytes())
	return err
}

type markdown struct {
	bytes.Buffer
	page Page
}

// block writes a block, apart from the one before.
func (m *markdown) block(text string) {
	if m.Len() > 0 {
		m.WriteString("\n")
	}
	m.WriteString(text + "\n")
}

func (m *markdown) paragraph(text string) {
	if text != "" {
		m.block(opening(inline(text)))
	}
}

func (m *markdown) heading(level, text string) {
	if text != "" {
		m.block(level + " " + inline(text))
	}
}

func (m *markdown) facts(facts []Fact) {
	if len(facts) == 0 {
		return
	}
	t := Table{Columns: []Column{{Name: "figure"}, {Name: "value"}, {Name: ""}}}
	for _, f := range facts {
		t.Rows = append(t.Rows, []string{f.Label, f.Value, f.Note})
	}
	m.table(t)
}

func (m *markdown) section(s Section, level string) error {
	switch s := s.(type) {
	case Text:
		m.text(s, level)
	case Table:
		m.heading(level, s.Title)
		m.paragraph(s.Note)
		m.paragraph(s.Caption)
		if _, err := tableView(s); err != nil {
			return err
		}
		m.table(s)
	case Strips:
		return m.strips(s, level)
	case Curves:
		return m.curves(s, level)
	case Contents:
		m.heading(level, s.Title)
		m.contents()
	case Group:
		return m.group(s, level)
	default:
		return fmt.Errorf("section kind %T has no form in Markdown", s)
	}
	return nil
}

func (m *markdown) text(s Text, level string) {
	if s.Boxed { // a quotation is what Markdown has for it
		var lines []string
		if s.Title != "" {
			lines = append(lines, "**"+inline(s.Title)+"**", "")
		}
		for _, p := range s.Paragraphs {
			lines = append(lines, opening(inline(p)), "")
		}
		for _, p := range s.Points {
			lines = append(lines, "- "+opening(inline(p)))
		}
		text := strings.TrimRight(strings.Join(lines, "\n"), "\n")
		m.block("> " + strings.ReplaceAll(strings.ReplaceAll(text, "\n", "\n> "), "> \n", ">\n"))
		return
	}
	m.heading(level, s.Title)
	for _, p := range s.Paragraphs {
		m.paragraph(p)
	}
	var points []string
	for _, p := range s.Points {
		points = append(points, "- "+opening(inline(p)))
	}
	if len(points) > 0 {
		m.block(strings.Join(points, "\n"))
	}
}

func (m *markdown) table(t Table) {
	best := map[Cell]bool{}
	for _, c := range t.Best {
		best[c] = true
	}
	head, rule := make([]string, len(t.Columns)), make([]string, len(t.Columns))
	for i, c := range t.Columns {
		head[i], rule[i] = inline(c.Name), "---"
		if c.Numeric {
			rule[i] = "---:"
		}
	}
	lines := []string{tableRow(head), tableRow(rule)}
	for i, row := range t.Rows {
		cells := make([]string, len(t.Columns))
		for j, text := range row {
			cells[j] = inline(text)
			if best[Cell{i, j}] && text != "" {
				cells[j] = "**" + cells[j] + "**"
			}
		}
		lines = append(lines, tableRow(cells))
	}
	m.block(strings.Join(lines, "\n"))
}

func tableRow(cells []string) string { return "| " + strings.Join(cells, " | ") + " |" }

func (m *markdown) strips(s Strips, level string) error {
	if _, err := stripsView(s); err != nil {
		return err
	}
	m.heading(level, s.Title)
	m.paragraph(s.Note)
	if s.File != "" {
		var alts []string
		for _, item := range s.Items {
			alts = append(alts, item.Label+": "+item.Alt)
		}
		m.block(pictureLink(strings.Join(alts, "; "), s.File))
		return nil
	}
	lines := []string{"| | |", "| --- | --- |"}
	for _, item := range s.Items {
		label := inline(item.Label)
		if item.Mark {
			label = "**" + label + "**"
		}
		if item.Note != "" {
			label += "<br>" + inline(item.Note)
		}
		cell := inline(item.Alt)
		if item.Source != "" {
			cell = pictureLink(item.Alt, item.Source)
		}
		lines = append(lines, tableRow([]string{label, cell}))
	}
	m.block(strings.Join(lines, "\n"))
	return nil
}

func (m *markdown) curves(s Curves, level string) error {
	if !besidePage(s.File, ".svg") {
		return fmt.Errorf("curves %q must name an SVG file below the page, got %q", s.Title, s.File)
	}
	m.heading(level, s.Title)
	m.paragraph(s.Note)
	var parts []string
	for _, c := range s.Charts {
		v, err := viewChart(c)
		if err != nil {
			return err
		}
		parts = append(parts, v.Summary)
	}
	m.block(pictureLink(strings.Join(parts, ". "), s.File))
	return nil
}

func pictureLink(alt, source string) string { return "![" + inline(alt) + "](" + source + ")" }

func (m *markdown) contents() {
	var lines []string
	for _, s := range m.page.Sections {
		if g, ok := s.(Group); ok {
			lines = append(lines, "- ["+inline(g.Title)+"](#"+g.ID+")")
		}
	}
	if len(lines) > 0 {
		m.block(strings.Join(lines, "\n"))
	}
}

func (m *markdown) group(g Group, level string) error {
	if _, err := groupView(g); err != nil {
		return err
	}
	m.block(`<a id="` + g.ID + `"></a>`)
	m.heading(level, g.Title)
	m.paragraph(g.Note)
	for i, s := range g.Sections {
		if err := m.section(s, level+"#"); err != nil {
			return fmt.Errorf("section %d of group %q: %w", i, g.Title, err)
		}
	}
	return nil
}
