// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// jobVersion changes when the same job would give other bytes or names.
const jobVersion = 3

// job is job.json: what an output folder or archive stands for. The batch size
// is not part of it, so that a job may go on with another one where memory is
// short; the same bytes hold for one backend and one batch size. Neither are
// limit, sample, watch and the like, which say what to do now.
type job struct {
	Version int    `json:"version"`
	Input   string `json:"input"`
	// ModelHash covers architecture and weights, ModelSize is the side in pixels
	// at which the network looks at pictures.
	ModelHash  string `json:"model_hash"`
	ModelSize  int    `json:"model_size"`
	Backend    string `json:"backend"`
	Format     Format `json:"format"`
	Quality    int    `json:"quality"`
	Strength   int    `json:"strength"`
	SkipColor  bool   `json:"skip_color"`
	SideBySide bool   `json:"side_by_side"`
	RecodeLuma bool   `json:"recode_luma"`
	Prefix     string `json:"prefix"`
	Suffix     string `json:"suffix"`
}

func newJob(o Options, e *inference.Engine) (job, error) {
	in := o.Input
	if !gcs.IsURL(in) {
		var err error
		if in, err = filepath.Abs(in); err != nil {
			return job{}, fmt.Errorf("finding input %q: %w", o.Input, err)
		}
	}
	return job{
		Version: jobVersion, Input: in, ModelHash: e.Hash(), ModelSize: cmp.Or(o.RenderSize, e.Size()),
		Backend: e.Backend(), Format: o.Format, Quality: o.Quality, Strength: o.Strength, SkipColor: o.SkipColor,
		SideBySide: o.SideBySide, RecodeLuma: o.RecodeLuma, Prefix: o.Prefix, Suffix: o.Suffix,
	}, nil
}

// naming is how the job's coloured pictures are called.
func (j job) naming() naming { return naming{Format: j.Format, Prefix: j.Prefix, Suffix: j.Suffix} }

// hash names what decides the bytes and names of coloured pictures, and whether
// there are any.
func (j job) hash() string {
	j.Input, j.ModelHash = "", "" // a line has the key and the model of its own
	return digest(j)
}

// rejectHash names what decides whether a picture is used at all.
func (j job) rejectHash(l pixel.Limits) string {
	return digest(j.hash(), l.MaxPixels, l.MaxBytes)
}

func digest(values ...any) string {
	// Not %q, which turns every number above the last rune into the same one.
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", values))
	return hex.EncodeToString(sum[:8])
}

// diff names every difference to an earlier job.
func (j job) diff(old job) string {
	var lines []string
	add := func(name string, a, b any) {
		if a != b {
			lines = append(lines, fmt.Sprintf("%s: %v, now %v", name, orNone(a), orNone(b)))
		}
	}
	add("version of the records", old.Version, j.Version)
	add("input", old.Input, j.Input)
	add("model hash", old.ModelHash, j.ModelHash)
	add("render size", old.ModelSize, j.ModelSize)
	add("backend", old.Backend, j.Backend)
	add("format", old.Format, j.Format)
	add("quality", old.Quality, j.Quality)
	add("strength", old.Strength, j.Strength)
	add("skip-color", old.SkipColor, j.SkipColor)
	add("side-by-side", old.SideBySide, j.SideBySide)
	add("recode-luma", old.RecodeLuma, j.RecodeLuma)
	add("prefix", old.Prefix, j.Prefix)
	add("suffix", old.Suffix, j.Suffix)
	return strings.Join(lines, "; ")
}

// orNone makes an empty text visible.
func orNone(v any) any {
	if v == "" {
		return "none"
	}
	return v
}
