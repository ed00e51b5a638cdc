// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	_ "image/jpeg" // registers the formats a page can hold
	_ "image/png"
)

// smallPicture is the side in pixels up to which a picture is enlarged without
// smoothing: a 64-pixel face shown at three times its size is sharper so.
const smallPicture = 96

// Gallery is a list of pictures in groups: before and after, or gray, generated
// and true.
type Gallery struct {
	Title, Note string
	Items       []Item
}

// Item is one group of pictures shown side by side at the same height.
type Item struct {
	Caption  string
	Pictures []Picture
}

// Picture is one picture of a section.
type Picture struct {
	// Label stands under the picture, such as "before".
	Label string
	// Data holds a whole PNG or JPEG file; it is put into the page as it is.
	// Callers bound its size: thumbnails of at most 256 pixels a side.
	Data []byte
}

func (Gallery) kind() string { return "gallery" }

func galleryView(g Gallery) (sectionView, error) {
	v := sectionView{Kind: g.kind(), Title: g.Title, Note: g.Note}
	for i, item := range g.Items {
		pictures, err := viewPictures(item.Pictures, item.Caption)
		if err != nil {
			return v, fmt.Errorf("item %d (%q): %w", i, item.Caption, err)
		}
		v.Items = append(v.Items, itemView{Caption: item.Caption, Pictures: pictures})
	}
	return v, nil
}

func viewPictures(pictures []Picture, caption string) ([]pictureView, error) {
	var out []pictureView
	for i, p := range pictures {
		pv, err := viewPicture(p, caption)
		if err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
		out = append(out, pv)
	}
	return out, nil
}

func viewPicture(p Picture, caption string) (pictureView, error) {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(p.Data))
	if err != nil {
		return pictureView{}, fmt.Errorf("reading a picture's header: %w", err)
	}
	if format != "png" && format != "jpeg" {
		return pictureView{}, fmt.Errorf("pictures must be PNG or JPEG, got %q", format)
	}
	// Base64 of checked bytes: nothing of it can leave the attribute.
	uri := "data:image/" + format + ";base64," + base64.StdEncoding.EncodeToString(p.Data)
	return pictureView{
		Label:  p.Label,
		Alt:    alt(p.Label, caption),
		Source: template.URL(uri), //nolint:gosec // see above
		Width:  cfg.Width,
		Height: cfg.Height,
		Small:  cfg.Width <= smallPicture && cfg.Height <= smallPicture,
	}, nil
}

func alt(label, caption string) string {
	switch {
	case label == "":
		return caption
	case caption == "":
		return label
	}
	return caption + ", " + label
}
