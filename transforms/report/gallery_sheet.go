// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
)

// ContactSheet shows many items small, for a look at what a data set holds.
// Of captions the part behind the last slash is seen, cut to a line; a pointer
// shows them whole.
type ContactSheet struct {
	Title, Note string
	Items       []Item
}

func (ContactSheet) kind() string { return "sheet" }

type tileView struct {
	itemView
	Name string // the caption's last part
}

func sheetView(s ContactSheet) (sectionView, error) {
	v := sectionView{Kind: s.kind(), Title: s.Title, Note: s.Note}
	for i, item := range s.Items {
		pictures, err := viewPictures(item.Pictures, item.Caption)
		if err != nil {
			return v, fmt.Errorf("item %d (%q): %w", i, item.Caption, err)
		}
		name := item.Caption[strings.LastIndexByte(item.Caption, '/')+1:]
		if name == "" {
			name = item.Caption
		}
		v.Tiles = append(v.Tiles, tileView{itemView{Caption: item.Caption, Pictures: pictures}, name})
	}
	return v, nil
}

// Swatches shows colors with their names.
type Swatches struct {
	Title, Note string
	Items       []Swatch
}

// Swatch is one color, as 8-bit sRGB levels.
type Swatch struct {
	Name    string
	R, G, B uint8
}

// Hex returns the color as "#rrggbb".
func (s Swatch) Hex() string { return fmt.Sprintf("#%02x%02x%02x", s.R, s.G, s.B) }

func (Swatches) kind() string { return "swatches" }
