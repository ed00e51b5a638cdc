// SPDX-License-Identifier: Apache-2.0

package report

import "fmt"

// Pairs shows two states of the same pictures, such as gray and coloured, on each
// other: a slider moves the line between them. It works with pointer, finger and
// keyboard. Without script, in print, and where the two differ in size, they
// stand side by side.
type Pairs struct {
	Title, Note string
	Items       []Pair
}

// Pair is one picture of [Pairs]. Its caption is cut to some 200 characters; the
// pictures' labels are "before" and "after" where they have none.
type Pair struct {
	Caption       string
	Before, After Picture
}

func (Pairs) kind() string { return "pairs" }

type pairView struct {
	Caption  string
	Pictures []pictureView
	// Slider names the slider to screen readers; empty where there is none.
	Slider string
}

func pairsView(p Pairs) (sectionView, error) {
	v := sectionView{Kind: p.kind(), Title: p.Title, Note: p.Note}
	for i, item := range p.Items {
		pv := pairView{Caption: legible(item.Caption)}
		for j, picture := range []Picture{item.Before, item.After} {
			if picture.Label == "" {
				picture.Label = []string{"before", "after"}[j]
			}
			one, err := viewPicture(picture, pv.Caption)
			if err != nil {
				return v, fmt.Errorf("item %d (%q), %s: %w", i, item.Caption, picture.Label, err)
			}
			pv.Pictures = append(pv.Pictures, one)
		}
		if a, b := pv.Pictures[0], pv.Pictures[1]; a.Width == b.Width && a.Height == b.Height {
			pv.Slider, v.Slider = a.Label+" and "+b.Label, true
			if pv.Caption != "" {
				pv.Slider = pv.Caption + ", " + pv.Slider
			}
		}
		v.Pairs = append(v.Pairs, pv)
	}
	return v, nil
}
