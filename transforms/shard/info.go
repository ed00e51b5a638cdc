// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// FormatVersion is the version of the layout that this package reads and
// writes.
const FormatVersion = 1

// InfoName is the name of the file that holds an [Info].
const InfoName = "dataset_info.json"

// FileInfo is one shard's entry in dataset_info.json.
type FileInfo struct {
	Name    string `json:"name"`
	Samples int    `json:"samples"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
}

// SplitInfo lists one split's shards, in order.
type SplitInfo struct {
	Name    string     `json:"name"` // "train", "val" or "test"
	Samples int        `json:"samples"`
	Bytes   int64      `json:"bytes"`
	Shards  []FileInfo `json:"shards"`
}

// NewSplitInfo adds up the stats of one split's shards, which come in order.
func NewSplitInfo(name string, shards []Stats) SplitInfo {
	s := SplitInfo{Name: name, Shards: make([]FileInfo, 0, len(shards))}
	for _, st := range shards {
		s.Samples += st.Samples
		s.Bytes += st.Bytes
		s.Shards = append(s.Shards, FileInfo{Name: st.Shard, Samples: st.Samples, Bytes: st.Bytes, SHA256: st.SHA256})
	}
	return s
}

// Info describes a data set; it is dataset_info.json.
type Info struct {
	// FormatVersion is [FormatVersion]; WriteInfo fills it in.
	FormatVersion int `json:"format_version"`
	// ToolVersion is the version of the program that wrote the data set.
	ToolVersion string `json:"tool_version"`
	// Size is the side of every picture in pixels.
	Size int `json:"size"`
	// Fit names how pictures were made square: "crop", "pad" or "stretch".
	Fit string `json:"fit"`
	// Formula names how gray was made from colour, such as [FormulaLuma601].
	Formula string `json:"formula"`
	// Background is the colour under transparent parts, "white", "#rrggbb" in
	// lower case, or "" for white; Filter names the resampling filter, "" for Lanczos.
	Background string `json:"background,omitempty"`
	Filter     string `json:"filter,omitempty"`
	// Seed, ValPercent and TestPercent are what [Split] was given.
	Seed        uint64  `json:"seed"`
	ValPercent  float64 `json:"val_percent"`
	TestPercent float64 `json:"test_percent"`
	// LicenseNote says under which terms the pictures may be used, as far as
	// the job was told.
	LicenseNote string `json:"license_note"`
	// Duplicates counts the exact copies that were left out, NearDuplicates
	// the pictures left out because they look like another.
	Duplicates     int `json:"duplicates"`
	NearDuplicates int `json:"near_duplicates,omitempty"`
	// Rejects counts the lines of rejects.jsonl, Filtered those among them
	// with stage [fault.StageFilter].
	Rejects  int         `json:"rejects"`
	Filtered int         `json:"filtered,omitempty"`
	Splits   []SplitInfo `json:"splits"`
	// ManifestSHA256 is a hash over all shards' names and hashes: a training
	// run records it to say which data it saw. WriteInfo fills it in.
	ManifestSHA256 string `json:"manifest_sha256"`
}

// Split returns the named split's entry.
func (i Info) Split(name string) (SplitInfo, bool) {
	for _, s := range i.Splits {
		if s.Name == name {
			return s, true
		}
	}
	return SplitInfo{}, false
}

// Samples returns the number of samples in all splits.
func (i Info) Samples() int {
	n := 0
	for _, s := range i.Splits {
		n += s.Samples
	}
	return n
}

// Manifest returns the hash over all shards' names and hashes, in the form of
// sha256sum's lines.
func (i Info) Manifest() string {
	sum := sha256.New()
	for _, s := range i.Splits {
		for _, sh := range s.Shards {
			_, _ = fmt.Fprintf(sum, "%s  %s\n", sh.SHA256, sh.Name) // a hash takes every write
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Validate returns everything that makes the description unusable: another
// format, unsafe or repeated names, sums that do not add up, a manifest hash
// that is not that of the shards.
func (i Info) Validate() error {
	if i.FormatVersion != FormatVersion {
		return fmt.Errorf("format_version must be %d, got %d", FormatVersion, i.FormatVersion)
	}
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if i.Size < 1 || i.Size > 1<<15 {
		add("size must be in [1, %d], got %d", 1<<15, i.Size)
	}
	if i.Duplicates < 0 || i.NearDuplicates < 0 || i.Rejects < 0 {
		add("duplicates, near_duplicates and rejects must not be negative, got %d, %d and %d",
			i.Duplicates, i.NearDuplicates, i.Rejects)
	}
	if i.Filtered < 0 || i.Filtered > max(0, i.Rejects) {
		add("filtered must be in [0, %d], the number of rejects, got %d", i.Rejects, i.Filtered)
	}
	seen := map[string]bool{}
	for _, s := range i.Splits {
		if seen[s.Name] {
			add("split %q is listed twice", s.Name)
		}
		seen[s.Name] = true
		errs = append(errs, s.validate(seen)...)
	}
	if got := i.Manifest(); i.ManifestSHA256 != got {
		add("manifest_sha256 must be the hash of the shards listed, %s, got %q", got, i.ManifestSHA256)
	}
	return errors.Join(errs...)
}

func (s SplitInfo) validate(seen map[string]bool) (errs []error) {
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	samples, bytes := 0, int64(0)
	for _, sh := range s.Shards {
		if err := checkShardName(sh.Name); err != nil {
			add("split %q: %w", s.Name, err)
		}
		if seen[sh.Name] {
			add("split %q: shard %q is listed twice", s.Name, sh.Name)
		}
		seen[sh.Name] = true
		if sh.Samples < 0 || sh.Bytes < 0 {
			add("split %q: shard %q has negative counts", s.Name, sh.Name)
		}
		samples += sh.Samples
		bytes += sh.Bytes
	}
	if samples != s.Samples || bytes != s.Bytes {
		add("split %q: samples and bytes must be its shards' sums, %d and %d, got %d and %d",
			s.Name, samples, bytes, s.Samples, s.Bytes)
	}
	return errs
}

// checkShardName refuses whatever [Name] does not make, above all a path.
func checkShardName(name string) error {
	if !regexp.MustCompile(`^[a-z]+-[0-9]{6,}\.tar$`).MatchString(name) {
		return fmt.Errorf("a shard's name must look like %q, got %q", Name(Train, 0), name)
	}
	return nil
}

// WriteInfo publishes dataset_info.json in st. It fills in FormatVersion and
// ManifestSHA256 and refuses a description that [Info.Validate] refuses.
func WriteInfo(ctx context.Context, st store.Store, i Info) error {
	_, err := PublishInfo(ctx, st, store.Anything(), i)
	return err
}

// PublishInfo is [WriteInfo] under a condition.
func PublishInfo(ctx context.Context, st store.Store, c store.Condition, i Info) (store.Info, error) {
	i.FormatVersion, i.ManifestSHA256 = FormatVersion, i.Manifest()
	if i.Splits == nil {
		i.Splits = []SplitInfo{}
	}
	if err := i.Validate(); err != nil {
		return store.Info{}, fmt.Errorf("writing %s: %w", InfoName, err)
	}
	return publishJSON(ctx, st, c, InfoName, i)
}

// ReadInfo reads and checks the dataset_info.json of st.
func ReadInfo(ctx context.Context, st store.Store) (Info, error) {
	data, err := st.ReadFile(ctx, InfoName)
	if err != nil {
		return Info{}, fmt.Errorf("reading data set: %w", err)
	}
	i, err := ParseInfo(data)
	if err != nil {
		return Info{}, fmt.Errorf("reading %q of %q: %w", InfoName, st.URI(), err)
	}
	return i, nil
}

// ParseInfo parses and checks the bytes of a dataset_info.json.
func ParseInfo(data []byte) (Info, error) {
	var i Info
	if err := json.Unmarshal(data, &i); err != nil {
		return Info{}, err
	}
	return i, i.Validate()
}

// publishJSON writes v indented, names unescaped.
func publishJSON(ctx context.Context, st store.Store, c store.Condition, name string, v any) (store.Info, error) {
	return st.Publish(ctx, name, c, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}
