// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// thumbnailSide bounds the pictures of a data set's page, in pixels.
const thumbnailSide = 128

func meanColors(r shard.Report) Swatches {
	s := Swatches{Title: "Mean colour", Note: "The mean of all pixels' sRGB levels."}
	for _, split := range append([]shard.SplitSurvey{r.Survey.All}, r.Survey.Splits...) {
		if split.Samples > 0 {
			c := split.Mean()
			s.Items = append(s.Items, Swatch{Name: split.Name, R: c[0], G: c[1], B: c[2]})
		}
	}
	return s
}

func contactSheet(s shard.SplitSurvey) (ContactSheet, error) {
	c := ContactSheet{
		Title: "Contact sheet: " + s.Name,
		Note:  fmt.Sprintf("%s of %s, chosen by a hash of their keys.", Grouped(int64(len(s.Sheet))), plural(s.Samples, "picture")),
	}
	for _, sample := range s.Sheet {
		gray, err := thumbnail(sample.Gray)
		if err != nil {
			return c, fmt.Errorf("showing sample %q: %w", sample.Key, err)
		}
		color, err := thumbnail(sample.Color)
		if err != nil {
			return c, fmt.Errorf("showing sample %q: %w", sample.Key, err)
		}
		c.Items = append(c.Items, Item{
			Caption: sample.Meta.Source, Pictures: []Picture{{Label: "gray", Data: gray}, {Label: "colour", Data: color}},
		})
	}
	return c, nil
}

// thumbnail returns a picture as it is where it is small, and else a small JPEG
// of it.
func thumbnail(data []byte) ([]byte, error) {
	picture, err := pixel.Decode(data, pixel.DefaultLimits())
	if err != nil {
		return nil, err
	}
	if max(picture.Width, picture.Height) <= thumbnailSide {
		return data, nil
	}
	var b bytes.Buffer
	small := pixel.Thumbnail(picture.RGB(), thumbnailSide)
	if err := jpeg.Encode(&b, small, &jpeg.Options{Quality: 88}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func twinGallery(title, note string, t shard.Twins) (Gallery, error) {
	g := Gallery{Title: title, Note: note}
	if t.Count > len(t.Pairs) {
		g.Note += fmt.Sprintf(" The first %d of %s.", len(t.Pairs), Grouped(int64(t.Count)))
	}
	for _, pair := range t.Pairs {
		var item Item
		var names []string
		for _, place := range []shard.Place{pair.Earlier, pair.Sample} {
			names = append(names, place.Source)
			if place.Color == nil {
				continue
			}
			small, err := thumbnail(place.Color)
			if err != nil {
				return g, fmt.Errorf("showing sample %q: %w", place.Key, err)
			}
			item.Pictures = append(item.Pictures, Picture{Label: place.Split, Data: small})
		}
		item.Caption = strings.Join(names, " and ")
		if pair.Distance > 0 {
			item.Caption += ", " + plural(pair.Distance, "bit") + " apart"
		}
		g.Items = append(g.Items, item)
	}
	return g, nil
}
