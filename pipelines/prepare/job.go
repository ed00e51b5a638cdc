// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// The names of a job's records.
const (
	jobFolder   = ".chromabeam"
	jobName     = jobFolder + "/job.json"
	partsFolder = jobFolder + "/parts"
	stopFolder  = jobFolder + "/stop"
)

// revision is raised when the same settings give other bytes than before.
const revision = 2

// job is job.json: everything that the data set's bytes depend on.
type job struct {
	// Input is where the pictures were; only their listing is compared.
	Input    string   `json:"input"`
	Settings settings `json:"settings"`
	// Parts are the first run and its extensions. There is none yet while the
	// input is listed for the first time; Claim is random then, so that no two
	// jobs take each other's record for their own.
	Parts []part `json:"parts"`
	Claim string `json:"claim,omitempty"`
}

// part is a run that found pictures to add.
type part struct {
	// Dir is the folder of the part's records.
	Dir string `json:"dir"`
	// Listing is what the whole input held.
	Listing listing `json:"listing"`
	// Pictures is the number of those that were new, in so many Files.
	Pictures int64 `json:"pictures"`
	Files    int   `json:"files"`
	// Train, Val and Test are the numbers of the part's shards.
	Train int `json:"train_shards"`
	Val   int `json:"val_shards"`
	Test  int `json:"test_shards"`
}

// settings are the options that a data set's bytes depend on.
type settings struct {
	Revision int `json:"revision"`
	Sharding
	Selection

	Preset          Preset        `json:"preset"`
	Size            int           `json:"size"`
	Fit             pixel.Fit     `json:"fit"`
	Filter          pixel.Filter  `json:"filter"`
	Background      pixel.Color   `json:"background"`
	Formula         pixel.Formula `json:"formula"`
	Seed            uint64        `json:"seed"`
	ValPercent      float64       `json:"val_percent"`
	TestPercent     float64       `json:"test_percent"`
	MinSide         int           `json:"min_side"`
	MinColorfulness float64       `json:"min_colorfulness"`
	NearDistance    int           `json:"near_duplicates"`
	MaxPixels       int64         `json:"max_pixels"`
	MaxBytes        int64         `json:"max_bytes"`
}

func settingsOf(o Options) settings {
	return settings{
		Revision: revision, Sharding: o.Sharding, Selection: o.Select, Preset: o.Preset, Size: o.Size, Fit: o.Fit,
		Filter: o.Filter, Background: *o.Background, Formula: o.Formula, Seed: o.Seed,
		ValPercent: o.ValPercent, TestPercent: o.TestPercent, MinSide: o.MinSide, MinColorfulness: o.MinColorfulness,
		NearDistance: o.NearDistance, MaxPixels: o.Limits.MaxPixels, MaxBytes: o.Limits.MaxBytes,
	}
}

// options returns the options that the settings were made from, where they are
// part of them.
func (s settings) options() Options {
	return Options{
		Preset: s.Preset, Select: s.Selection, Size: s.Size, Sharding: s.Sharding, ValPercent: s.ValPercent,
		TestPercent: s.TestPercent, Seed: s.Seed, Fit: s.Fit, Filter: s.Filter, Background: &s.Background,
		Formula: s.Formula, Limits: pixel.Limits{MaxPixels: s.MaxPixels, MaxBytes: s.MaxBytes},
		MinSide: s.MinSide, MinColorfulness: s.MinColorfulness, NearDistance: s.NearDistance,
	}
}

// newDir returns the folder of the records of a part to come. Jobs of other
// settings or another input get other folders, so that one which has been taken
// over cannot write into its successor's.
func (j job) newDir() string {
	data, err := json.Marshal(j.Settings)
	if err != nil {
		panic(err) // plain numbers and strings: cannot be
	}
	return path.Join(partsFolder, strconv.Itoa(len(j.Parts))+"-"+hashOf(append(data, j.Input...))[:8])
}

func (j job) layout(k int) plan.Layout {
	s, p := j.Settings, j.Parts[k]
	return plan.Layout{
		Seed: s.Seed, ValPercent: s.ValPercent, TestPercent: s.TestPercent,
		Train: p.Train, Val: p.Val, Test: p.Test,
	}
}

// merger returns what plans the k-th part. Pictures of the other parts that are
// planned already are copies to it: also those of a later one, should this part
// be planned again.
func (j job) merger(k int, planned func(i int) bool) plan.Merger {
	m := plan.Merger{Dir: j.Parts[k].Dir, Settings: j.hash(k), Layout: j.layout(k), Runs: j.Parts[k].Files}
	for i := range j.Parts {
		if i < k || i > k && planned(i) {
			m.Earlier = append(m.Earlier, plan.Part{Dir: j.Parts[i].Dir, Layout: j.layout(i)})
		}
	}
	return m
}

// hash returns a hash of all that the shards of part k depend on.
func (j job) hash(k int) string {
	j.Input, j.Parts = "", slices.Clone(j.Parts[:k+1])
	for i := range j.Parts {
		j.Parts[i].Dir = "" // it depends on where the input lies
	}
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

// diff names each setting in which others differ from these.
func (s settings) diff(others settings) []string {
	var lines []string
	before, after := s.fields(), others.fields()
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before[name] != after[name] {
			lines = append(lines, fmt.Sprintf("%s was %s, now %s", name, shown(before[name]), shown(after[name])))
		}
	}
	return lines
}

// shown names what a setting without a value means.
func shown(value string) string {
	if value == "" {
		return "not given"
	}
	return value
}

func (s settings) fields() map[string]string {
	data, err := json.Marshal(s)
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

// readJob returns the job recorded in an output and which version its record is,
// also where the record is of no use; false where there is none.
func readJob(ctx context.Context, st store.Store) (job, store.Info, bool, error) {
	info, err := st.Stat(ctx, jobName)
	if errors.Is(err, fs.ErrNotExist) {
		return job{}, store.Info{}, false, nil
	}
	var data []byte
	if err == nil {
		data, err = st.ReadFile(ctx, jobName)
	}
	if err != nil {
		err = fmt.Errorf("reading the job in the output: %w", err)
		if _, local := st.Local(); local {
			err = fault.AsRequest(err) // no folder
		}
		return job{}, store.Info{}, false, err
	}
	j, err := parseJob(data)
	if err != nil {
		return job{}, info, false, fault.Request("reading %q in %q: %w", jobName, st.URI(), err)
	}
	return j, info, true, nil
}

func parseJob(data []byte) (job, error) {
	var old struct {
		Settings struct {
			Revision int `json:"revision"`
		} `json:"settings"`
	}
	if err := json.Unmarshal(data, &old); err == nil && old.Settings.Revision == 1 {
		return job{}, errors.New("an older version began this data set; give -overwrite to make it anew")
	}
	var j job
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields() // bulk keeps a record of the same name
	if err := decoder.Decode(&j); err != nil {
		return job{}, fmt.Errorf("it is damaged or another command's: %w", err)
	}
	return j, nil
}

// writeJob records the job, which must be in the state that is known.
func writeJob(ctx context.Context, st store.Store, j job, c store.Condition) (store.Info, error) {
	info, err := st.Publish(ctx, jobName, c, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(j)
	})
	if err != nil {
		return store.Info{}, fmt.Errorf("recording the job: %w", err)
	}
	failpoint.Hit("prepare.job.written")
	return info, nil
}

// refuse is the error of a request that is not the job's in the output.
func refuse(output string, lines []string, remedy string) error {
	return fault.Request("output %q belongs to a job with other settings; give %s:\n  %s",
		output, remedy, strings.Join(lines, "\n  "))
}
