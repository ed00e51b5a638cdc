// SPDX-License-Identifier: Apache-2.0

package report

import (
	"errors"
	"fmt"
	"regexp"
)

// Group is a chapter of a long page: sections under one heading, at the anchor ID,
// which [Contents] links to.
type Group struct {
	// ID is the anchor: letters, digits, '-' and '.', a letter first. [Render]
	// refuses any other, and one that the page has twice.
	ID          string
	Title, Note string
	// Sections follow in order. A group in a group is refused.
	Sections []Section
}

// Contents links to each [Group] of the page.
type Contents struct{ Title string }

func (Group) kind() string    { return "group" }
func (Contents) kind() string { return "contents" }

var anchorPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.-]*$`)

func groupView(g Group) (sectionView, error) {
	v := sectionView{Kind: g.kind(), Title: g.Title, Note: g.Note, Anchor: g.ID}
	var problems []error
	if !anchorPattern.MatchString(g.ID) {
		problems = append(problems, fmt.Errorf("the anchor of group %q must be letters, digits, - and ., got %q", g.Title, g.ID))
	}
	for i, s := range g.Sections {
		switch s.(type) {
		case Group, Contents:
			problems = append(problems, fmt.Errorf("section %d of group %q must be no %T", i, g.Title, s))
			continue
		}
		member, err := viewOf(s)
		if err != nil {
			problems = append(problems, fmt.Errorf("section %d of group %q: %w", i, g.Title, err))
		}
		for at := range member.Charts {
			member.Charts[at].Nested = true
		}
		v.Slider = v.Slider || member.Slider
		v.Members = append(v.Members, member)
	}
	return v, errors.Join(problems...)
}

// link fills in the lists of contents.
func (v *pageView) link() {
	var groups []sectionView
	for _, s := range v.Views {
		if s.Kind == (Group{}).kind() {
			groups = append(groups, sectionView{Title: s.Title, Anchor: s.Anchor})
		}
	}
	for i := range v.Views {
		if v.Views[i].Kind == (Contents{}).kind() {
			v.Views[i].Links = groups
		}
	}
}

// uniqueAnchors refuses a page on which a link would lead to two places.
func uniqueAnchors(views []sectionView) error {
	seen := map[string]bool{}
	for i, s := range views {
		anchor := s.Anchor
		if anchor == "" {
			anchor = fmt.Sprintf("s%d", i)
		}
		if seen[anchor] {
			return fmt.Errorf("the page has the anchor %q twice", anchor)
		}
		seen[anchor] = true
	}
	return nil
}

// admit extends the page's policy by what a section needs: the script of a slider,
// and pictures beside the page.
func (v *pageView) admit(s sectionView) {
	if s.Slider {
		v.allow()
	}
	linked := len(s.Strips) > 0
	for _, member := range s.Members {
		linked = linked || len(member.Strips) > 0
	}
	if linked {
		v.Linked = "'self'"
	}
}
