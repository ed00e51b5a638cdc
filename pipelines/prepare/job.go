// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

const (
	jobFolder = ".chromabeam"
	jobName   = "job.json"
)

// revision is raised when the same settings give other bytes than before.
const revision = 1

// picturesPerShard is the default number of pictures in a training shard.
const picturesPerShard = 1000

// job is job.json: everything that the data set's bytes depend on.
type job struct {
	// Input is where the pictures were; only their listing is compared.
	Input    string   `json:"input"`
	Settings settings `json:"settings"`
	Listing  listing  `json:"listing"`
}

type settings struct {
	Revision    int       `json:"revision"`
	Preset      Preset    `json:"preset"`
	Size        int       `json:"size"`
	Fit         pixel.Fit `json:"fit"`
	Formula     string    `json:"formula"`
	Seed        uint64    `json:"seed"`
	ValPercent  float64   `json:"val_percent"`
	TestPercent float64   `json:"test_percent"`
	TrainShards int       `json:"train_shards"`
	ValShards   int       `json:"val_shards"`
	TestShards  int       `json:"test_shards"`
	MaxPixels   int64     `json:"max_pixels"`
	MaxBytes    int64     `json:"max_bytes"`
}

// newJob settles what a request over this listing means.
func newJob(o Options, l listing) job {
	s := settings{
		Revision: revision, Preset: o.Preset, Size: o.Size, Fit: o.Fit, Formula: shard.FormulaLuma601,
		Seed: o.Seed, ValPercent: o.ValPercent, TestPercent: o.TestPercent,
		MaxPixels: o.Limits.MaxPixels, MaxBytes: o.Limits.MaxBytes,
	}
	trainPercent := 100 - o.ValPercent - o.TestPercent
	if s.TrainShards = o.Shards; s.TrainShards == 0 {
		s.TrainShards = max(1, int(math.Round(float64(l.Pictures)*trainPercent/100/picturesPerShard)))
	}
	share := func(percent float64) int {
		if percent == 0 {
			return 0
		}
		return max(1, int(math.Round(float64(s.TrainShards)*percent/trainPercent)))
	}
	s.ValShards, s.TestShards = share(o.ValPercent), share(o.TestPercent)
	return job{Input: o.Input, Settings: s, Listing: l}
}

func (j job) buckets() transforms.Buckets {
	s := j.Settings
	return transforms.Buckets{
		Seed: s.Seed, ValPercent: s.ValPercent, TestPercent: s.TestPercent,
		Train: s.TrainShards, Val: s.ValShards, Test: s.TestShards,
	}
}

// hash returns a hash of all that the shards depend on.
func (j job) hash() string {
	j.Input = ""
	data, err := json.Marshal(j)
	if err != nil {
		panic(err) // plain numbers and strings: cannot be
	}
	return hashOf(data)
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// diff names each setting in which a request differs from the job.
func (j job) diff(request job) []string {
	var lines []string
	before, after := j.fields(), request.fields()
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] != after[name] {
			lines = append(lines, fmt.Sprintf("%s was %v, now %v", name, before[name], after[name]))
		}
	}
	if j.Listing != request.Listing {
		lines = append(lines, fmt.Sprintf("the input was %q with %d pictures, now %q with %d: files were added, removed or changed",
			j.Input, j.Listing.Pictures, request.Input, request.Listing.Pictures))
	}
	return lines
}

func (j job) fields() map[string]string {
	data, err := json.Marshal(j.Settings)
	if err != nil {
		panic(err) // plain numbers and strings: cannot be
	}
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &raw); err != nil {
		panic(err) // it was made above
	}
	fields := map[string]string{}
	for name, value := range raw {
		fields[name] = string(value)
	}
	return fields
}

// readJob returns the job recorded in an output folder, false where there is
// none.
func readJob(output string) (job, bool, error) {
	path := filepath.Join(output, jobFolder, jobName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return job{}, false, nil
	}
	if err != nil {
		return job{}, false, fault.Request("reading the job in the output: %w", err)
	}
	var j job
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields() // bulk keeps a record of the same name
	if err := decoder.Decode(&j); err != nil {
		return job{}, false, fault.Request("reading %q: it is damaged or another command's: %w", path, err)
	}
	return j, true, nil
}

func writeJob(output string, j job) error {
	err := shard.Publish(filepath.Join(output, jobFolder), jobName, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(j)
	})
	if err != nil {
		return fmt.Errorf("recording the job: %w", err)
	}
	failpoint.Hit("prepare.job.written")
	return nil
}

// sameJob returns a request error if the request is not the one that the
// output folder was begun for.
func sameJob(output string, before, request job) error {
	if lines := before.diff(request); len(lines) > 0 {
		return fault.Request("output %q belongs to a job with other settings; give -overwrite to begin anew:\n  %s",
			output, strings.Join(lines, "\n  "))
	}
	return nil
}
