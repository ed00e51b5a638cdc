// SPDX-License-Identifier: Apache-2.0

package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
)

// script moves timelines and pairs to what their sliders say. It is the one
// script a page may hold.
//
//go:embed script.js
var script string

// scriptHash is what the content security policy allows instead of all inline
// scripts: markup smuggled into a page has another hash and does not run.
var scriptHash = func() string {
	sum := sha256.Sum256([]byte(script))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

// Timeline shows pictures as they changed over the moments of a training, with
// one slider for all of them. Every frame is in the page, so callers bound
// their number: moments times items. Without script, and in print, the last
// moment is shown.
type Timeline struct {
	Title, Note string
	// Frames are the names of the moments, such as "epoch 3". With a single
	// one there is no slider.
	Frames []string
	Items  []TimelineItem
}

// TimelineItem is one subject of a [Timeline], shown as its fixed pictures with
// the frame of the chosen moment between them.
type TimelineItem struct {
	Caption string
	// Before and After stay as they are, such as the gray and the true picture.
	Before, After []Picture
	// Frames has one picture for each moment of the timeline; any other number
	// is refused by [Render]. A frame without a label takes the moment's name.
	Frames []Picture
}

func (Timeline) kind() string { return "timeline" }

// momentView is the name of a moment or a picture at it. All but the last are
// hidden in the markup, which is what a reader without script sees.
type momentView struct {
	Name    string
	Picture pictureView
	Hidden  bool
}

func timelineView(t Timeline) (sectionView, error) {
	v := sectionView{Kind: t.kind(), Title: t.Title, Note: t.Note}
	last := len(t.Frames) - 1
	for i, name := range t.Frames {
		v.Moments = append(v.Moments, momentView{Name: name, Hidden: i != last})
	}
	v.LastMoment = last
	v.Slider = len(t.Frames) > 1 && len(t.Items) > 0
	for i, item := range t.Items {
		if len(item.Frames) != len(t.Frames) {
			return v, fmt.Errorf("item %d (%q) of timeline %q must have a frame for each of the %d moments, got %d",
				i, item.Caption, t.Title, len(t.Frames), len(item.Frames))
		}
		iv := itemView{Caption: item.Caption}
		var err error
		if iv.Pictures, err = viewPictures(item.Before, item.Caption); err != nil {
			return v, fmt.Errorf("item %d (%q), before: %w", i, item.Caption, err)
		}
		if iv.After, err = viewPictures(item.After, item.Caption); err != nil {
			return v, fmt.Errorf("item %d (%q), after: %w", i, item.Caption, err)
		}
		for j, p := range item.Frames {
			if p.Label == "" {
				p.Label = t.Frames[j]
			}
			pv, err := viewPicture(p, item.Caption)
			if err != nil {
				return v, fmt.Errorf("item %d (%q), frame %d (%q): %w", i, item.Caption, j, t.Frames[j], err)
			}
			iv.Frames = append(iv.Frames, momentView{Picture: pv, Hidden: j != last})
		}
		v.Items = append(v.Items, iv)
	}
	return v, nil
}

// allow puts the script and its hash into a page that has a slider.
func (v *pageView) allow() {
	v.Script = template.JS(script) //nolint:gosec // our own embedded script
	v.ScriptHash = scriptHash
}
