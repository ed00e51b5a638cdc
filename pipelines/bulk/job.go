// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// jobVersion changes when the same job would give other bytes or names.
const jobVersion = 2

// job is job.json: what an output folder or archive stands for. The batch size
// is not part of it, so that a job may go on with another one where memory is
// short; the same bytes hold for one backend and one batch size.
type job struct {
	Version int    `json:"version"`
	Input   string `json:"input"`
	// ModelHash covers architecture and weights, ModelSize is the network's
	// side in pixels.
	ModelHash string `json:"model_hash"`
	ModelSize int    `json:"model_size"`
	Backend   string `json:"backend"`
	Format    Format `json:"format"`
	Quality   int    `json:"quality"`
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
		Version: jobVersion, Input: in, ModelHash: e.Hash(), ModelSize: e.Size(),
		Backend: e.Backend(), Format: o.Format, Quality: o.Quality,
	}, nil
}

// hash names what decides the bytes of coloured pictures.
func (j job) hash() string {
	return digest(j.Version, j.ModelSize, j.Backend, j.Format, j.Quality)
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
			lines = append(lines, fmt.Sprintf("%s: %v, now %v", name, a, b))
		}
	}
	add("version of the records", old.Version, j.Version)
	add("input", old.Input, j.Input)
	add("model hash", old.ModelHash, j.ModelHash)
	add("model size", old.ModelSize, j.ModelSize)
	add("backend", old.Backend, j.Backend)
	add("format", old.Format, j.Format)
	add("quality", old.Quality, j.Quality)
	return strings.Join(lines, "; ")
}

// settle compares the job with the one that the output holds, if any, and
// refuses to mix two.
func (j job) settle(l layout, overwrite bool) error {
	data, err := os.ReadFile(l.job())
	if errors.Is(err, os.ErrNotExist) || overwrite {
		return nil
	}
	if err != nil {
		return fault.Request("reading the job in output: %w", err)
	}
	var old job
	if err := json.Unmarshal(data, &old); err != nil {
		return fault.Request("reading %q: %w; use -overwrite to begin anew", l.job(), err)
	}
	if d := j.diff(old); d != "" {
		return fault.Request("output %q holds another job (%s): choose another output, or use -overwrite", l.Output, d)
	}
	return nil
}

func (j job) write(l layout) error {
	if err := l.publish(l.job(), func(w io.Writer) error { return report.WriteJSON(w, j) }); err != nil {
		return err
	}
	failpoint.Hit(fpJobWritten)
	return nil
}
