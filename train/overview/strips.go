// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/report"
)

const (
	// stripGap is the space between the pictures of a strip, in pixels.
	stripGap = 2
	// mostCell is the largest side of a picture in a strip, in pixels: larger ones
	// are reduced.
	mostCell = 128
	// mostPNG is the size in bytes from which on a strip is a JPEG. Strips of 64-px
	// pictures stay PNGs: a JPEG's coarse chroma would blur what is to be compared.
	mostPNG = 112 << 10
	// jpegQuality is that of strips.
	jpegQuality = 86
)

// picturesDir holds what the page shows beside its text.
const picturesDir = "pictures"

// strip is one row of pictures as a file.
type strip struct {
	file          string
	width, height int
	picture       *pixel.RGB
	count         int // of pictures
	set           int // the place of its gray and true pictures among the overview's
	epoch         int
	missing       string // why there is none
}

// pictureSet is gray and true pictures that runs share.
type pictureSet struct {
	sum         [sha256.Size]byte
	gray, truth strip
	count       int
}

// strips makes the picture files.
type strips struct {
	files map[string][]byte
	sets  []pictureSet
}

// add makes the strip of a run, and those of its gray and true pictures where no run
// before has had the same.
func (s *strips) add(r *Run) error {
	run := r.found.run
	grid, err := train.ReadSamples(r.found.folder, run.Size)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.strip.missing = "no samples yet"
		if run.Validation == 0 {
			r.strip.missing = "no pictures for validation"
		}
		return nil
	case err != nil:
		r.strip.missing = "the samples cannot be read"
		r.Problem = withoutFolder(err, r.found.folder)
		return nil
	case len(grid.Generated) == 0:
		r.strip.missing = "no samples yet"
		return nil
	}
	set, err := s.set(grid)
	if err != nil {
		return err
	}
	if r.strip, err = s.join(fileName(r.Name), grid.Generated); err != nil {
		return err
	}
	r.strip.set, r.strip.epoch = set, grid.Epoch
	r.Pictures, r.SamplesAfter = r.strip.file, grid.Epoch
	return nil
}

// set finds the gray and true pictures of a grid, or adds them.
func (s *strips) set(grid train.SampleGrid) (int, error) {
	hash := sha256.New()
	for _, row := range [][]*pixel.RGB{grid.Gray, grid.True} {
		for _, one := range row {
			hash.Write(one.Pix)
		}
	}
	sum := [sha256.Size]byte(hash.Sum(nil))
	for i, known := range s.sets {
		if known.sum == sum {
			return i, nil
		}
	}
	set := pictureSet{sum: sum, count: len(grid.True)}
	suffix := ""
	if len(s.sets) > 0 {
		suffix = fmt.Sprintf("-%d", len(s.sets)+1)
	}
	var err error
	if set.gray, err = s.join("gray"+suffix, grid.Gray); err != nil {
		return 0, err
	}
	if set.truth, err = s.join("true"+suffix, grid.True); err != nil {
		return 0, err
	}
	s.sets = append(s.sets, set)
	return len(s.sets) - 1, nil
}

// join encodes pictures beside each other, on white.
func (s *strips) join(name string, row []*pixel.RGB) (strip, error) {
	side := min(row[0].Width, mostCell)
	joined := pixel.NewRGB(len(row)*(side+stripGap)-stripGap, side)
	for i := range joined.Pix {
		joined.Pix[i] = 255
	}
	for i, one := range row {
		if one.Width != side {
			one = pixel.ResizeSquare(one, side, pixel.FitStretch)
		}
		for y := range side {
			copy(joined.Pix[3*(y*joined.Width+i*(side+stripGap)):], one.Pix[3*y*side:3*(y+1)*side])
		}
	}
	made := strip{width: joined.Width, height: joined.Height, count: len(row), picture: joined}
	var err error
	made.file, err = s.encode(name, joined, mostPNG)
	return made, err
}

// put adds a file of pictures under a name that no other has.
func (s *strips) put(name, extension string, data []byte) string {
	if s.files == nil {
		s.files = map[string][]byte{}
	}
	file := picturesDir + "/" + name + extension
	for n := 2; s.files[file] != nil; n++ {
		file = fmt.Sprintf("%s/%s-%d%s", picturesDir, name, n, extension)
	}
	s.files[file] = data
	return file
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9=.-]+|\.\.+`)

// fileName turns a run's name into that of a file.
func fileName(name string) string {
	return "run-" + notInNames.ReplaceAllString(report.Clip(name, 60), "_")
}

// curves draws charts into a file and returns its name, empty where they cannot be
// drawn: the page, which draws them too, says why.
func (s *strips) curves(name string, c report.Curves) string {
	var b bytes.Buffer
	if err := report.RenderSVG(&b, c.Title, c.Charts); err != nil {
		return ""
	}
	return s.put("curves-"+strings.TrimPrefix(fileName(name), "run-"), ".svg", b.Bytes())
}
