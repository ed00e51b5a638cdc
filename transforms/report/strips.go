// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Strips shows rows of pictures under each other, each row one picture file beside
// the page: the same subjects as several runs made them, so that what differs
// stands in a column. Where it is wider than the page it scrolls.
type Strips struct {
	Title, Note string
	Items       []Strip
	// File is the path of all rows as one picture beside the page, for
	// [RenderMarkdown], whose hosts lay rows of a table apart; where it is empty, they
	// are a table there. [Render] shows the rows.
	File string
}

// Strip is one row of [Strips].
type Strip struct {
	// Label names the row, Note adds to it; both stand beside the picture.
	Label, Note string
	// Source is the path of a PNG or JPEG file below the page's folder, with
	// slashes, of letters, digits, '-', '_', '=' and '.'; [Render] refuses any
	// other. Where it is empty, Alt is shown in the picture's place.
	Source string
	// Alt says what is to be seen for readers who cannot.
	Alt           string
	Width, Height int
	// Mark lets the row stand out, such as the best run's.
	Mark bool
}

func (Strips) kind() string { return "strips" }

// mostEnlarged bounds how large a strip is shown against its own size.
const mostEnlarged = 2

type stripView struct {
	Strip
	Small bool
	// Most is how wide the picture may be shown, in CSS pixels.
	Most int
}

var sourcePattern = regexp.MustCompile(`^[A-Za-z0-9_=.-]+(/[A-Za-z0-9_=.-]+)*$`)

// besidePage tells whether a path is one of a file below the page's folder that ends
// in one of the extensions.
func besidePage(source string, extensions ...string) bool {
	return sourcePattern.MatchString(source) && !strings.Contains(source, "..") && path.Clean(source) == source &&
		slices.Contains(extensions, path.Ext(source))
}

func stripsView(s Strips) (sectionView, error) {
	v := sectionView{Kind: s.kind(), Title: s.Title, Note: s.Note}
	if s.File != "" && !besidePage(s.File, ".png", ".jpg") {
		return v, fmt.Errorf("strips %q must name a PNG or JPEG file below the page, got %q", s.Title, s.File)
	}
	for i, item := range s.Items {
		if item.Source != "" && !besidePage(item.Source, ".png", ".jpg") {
			return v, fmt.Errorf("strip %d (%q) must name a PNG or JPEG file below the page, got %q", i, item.Label, item.Source)
		}
		item.Label, item.Note, item.Alt = legible(item.Label), legible(item.Note), legible(item.Alt)
		v.Strips = append(v.Strips, stripView{Strip: item, Small: item.Height <= smallPicture, Most: mostEnlarged * item.Width})
	}
	return v, nil
}
