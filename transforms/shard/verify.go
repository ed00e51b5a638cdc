// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// Problem is one thing that is wrong with a data set.
type Problem struct {
	// File is the file's name inside the folder, Sample a key or "".
	File   string `json:"file"`
	Sample string `json:"sample,omitempty"`
	Text   string `json:"problem"`
}

// String returns "FILE: SAMPLE: TEXT".
func (p Problem) String() string {
	if p.Sample == "" {
		return p.File + ": " + p.Text
	}
	return p.File + ": " + p.Sample + ": " + p.Text
}

// Report is what [Verify] found. The counts are those of what was read, not of
// what the description claims.
type Report struct {
	Info     Info           `json:"info"`
	Shards   int            `json:"shards"`
	Samples  int            `json:"samples"`
	Bytes    int64          `json:"bytes"`
	Splits   map[string]int `json:"splits"` // samples by split
	Problems []Problem      `json:"problems"`
	// Duplicates are equal colour pictures in different splits. They are no
	// problem of the files: two sources may differ in bytes and not in pixels.
	Duplicates Twins `json:"duplicates"`
	// NearDuplicates and Survey are there where [Examine] was asked for them.
	NearDuplicates *Twins  `json:"near_duplicates,omitempty"`
	Survey         *Survey `json:"survey,omitempty"`
	// DamagedShards are what [Report.Damaged] returns.
	DamagedShards []string `json:"damaged_shards"`
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return len(r.Problems) == 0 }

// Damaged returns the names of the listed shards whose tar or stats are missing
// or not as they should be, in the order of the description: those that are to
// be made anew. A sample that occurs twice damages no shard.
func (r Report) Damaged() []string { return slices.Clone(r.DamagedShards) }

// Verify reads every shard of the data set in st once, as a stream, and
// compares checksums, stats, counts, keys, metadata and the pictures' sizes
// with each other. It lists all problems; the error is for a folder without a
// readable description (a request error where there is none), for ctx, and for
// a file that is there and could not be read: of what is in it nothing is known
// then, least of all that it is damaged.
//
// It finds samples that occur twice and colour pictures that another split has
// too, for which it remembers 55 to 85 bytes a sample: tables grow
// in steps.
func Verify(ctx context.Context, st store.Store) (Report, error) {
	return Examine(ctx, st, SurveyOptions{})
}

// verifier collects problems.
type verifier struct {
	store  store.Store
	report Report
	// seen maps the beginning of a key's hash to the number of the split that
	// has it. By chance two of a billion keys are equal once in 10^11 data sets.
	seen map[[12]byte]uint32

	listed []listedShard // those begun so far
	splits []int         // the number of each one's split
	harmed bool          // whether the one being read is damaged
	exact  exactTwins
	survey *surveyor // nil unless pictures are decoded

	read     int64
	progress func(done, total int64)
}

func (v *verifier) problemf(file, sample, format string, args ...any) {
	v.report.Problems = append(v.report.Problems, Problem{file, sample, fmt.Sprintf(format, args...)})
	v.harmed = true
}

// description checks what [Info.Validate] leaves open, since it makes no
// difference to who only reads samples.
func (v *verifier) description() {
	i := v.report.Info
	if !ValidFormula(i.Formula) {
		v.problemf(InfoName, "", "formula must be %q, %q or %q, got %q", FormulaLuma601, FormulaLuma709, FormulaLightness, i.Formula)
	}
	if i.Background != "" && (i.Background == AlphaNone || !ValidAlpha(i.Background)) {
		v.problemf(InfoName, "", "background must be %q or #rrggbb, got %q", AlphaWhite, i.Background)
	}
}

// shard checks one tar against its stats and its entry in the description.
func (v *verifier) shard(ctx context.Context, split string, sh FileInfo) error {
	if err := v.stats(ctx, sh); err != nil {
		return err
	}
	f, err := v.store.Stream(ctx, sh.Name)
	if err != nil {
		return v.unreadable(sh.Name, fmt.Errorf("opening %q: %w", sh.Name, unread(err)))
	}
	defer func() { _ = f.Close() }() // read only
	v.report.Shards++
	sum := sha256.New()
	r := &counting{alive: ctx.Err, r: io.TeeReader(bufio.NewReaderSize(&marking{f}, 1<<18), sum)}
	n, err := v.samples(split, sh.Name, NewReader(r))
	v.looked(sh.Name)
	if err == nil {
		// The rest behind a damaged member belongs to the checksum too.
		_, err = io.Copy(io.Discard, r)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return v.unreadable(sh.Name, fmt.Errorf("reading %q: %w", sh.Name, err))
	}
	v.report.Samples += n
	v.report.Bytes += r.n
	v.report.Splits[split] += n
	if r.n != sh.Bytes {
		v.problemf(sh.Name, "", "it has %d bytes, %s says %d", r.n, InfoName, sh.Bytes)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != sh.SHA256 {
		v.problemf(sh.Name, "", "its SHA-256 is %s, %s says %s", got, InfoName, sh.SHA256)
	}
	if n != sh.Samples {
		v.problemf(sh.Name, "", "it holds %d whole samples, %s says %d", n, InfoName, sh.Samples)
	}
	return nil
}

// unreadable notes a file that is not as it should be, or returns the error of
// one of which nothing is known.
func (v *verifier) unreadable(file string, err error) error {
	if out := v.outside(err); out != nil {
		return out
	}
	v.problemf(file, "", "%s", cause(err))
	return nil
}

// stats compares a shard's stats with its entry.
func (v *verifier) stats(ctx context.Context, sh FileInfo) error {
	st, err := ReadStats(ctx, v.store, sh.Name)
	if err != nil {
		return v.unreadable(StatsName(sh.Name), err)
	}
	if got := (FileInfo{st.Shard, st.Samples, st.Bytes, st.SHA256}); got != sh {
		v.problemf(StatsName(sh.Name), "", "its counts or checksum differ from %s", InfoName)
	}
	return nil
}

// samples checks each sample and returns how many are whole. The error is that
// of a read.
func (v *verifier) samples(split, file string, r *Reader) (int, error) {
	n, last := 0, ""
	for {
		s, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if _, ok := errors.AsType[*unreadError](err); ok {
			return n, err
		}
		if err != nil {
			var bad *SampleError
			if !errors.As(err, &bad) {
				v.problemf(file, "", "%s", cause(err))
				return n, nil
			}
			v.problemf(file, bad.Key, "%s", bad.Err)
			continue
		}
		n++
		if s.Key <= last {
			v.problemf(file, s.Key, "keys do not ascend: it follows %s", last)
		}
		last = s.Key
		wrong := checkSample(s, split, v.report.Info)
		for _, text := range wrong {
			v.problemf(file, s.Key, "%s", text)
		}
		v.occurrence(file, s.Key)
		v.examine(s, n-1, len(wrong) == 0)
	}
}

// strays finds shards that the description does not list.
func (v *verifier) strays(ctx context.Context) error {
	listed := map[string]bool{}
	for _, split := range v.report.Info.Splits {
		for _, sh := range split.Shards {
			listed[sh.Name], listed[StatsName(sh.Name)] = true, true
		}
	}
	entries, err := v.store.List(ctx, "")
	if err != nil {
		return v.unreadable(".", unread(err))
	}
	for _, e := range entries {
		name := e.Name
		if checkShardName(strings.TrimSuffix(name, statsSuffix)+suffixFor(name)) == nil && !listed[name] {
			v.problemf(name, "", "%s does not list it", InfoName)
		}
	}
	return nil
}

// suffixFor completes a stats file's stem to its shard's name.
func suffixFor(name string) string {
	if strings.HasSuffix(name, statsSuffix) {
		return ".tar"
	}
	return ""
}

// rejects compares the numbers of rejects.
func (v *verifier) rejects(ctx context.Context) error {
	lines, filtered := 0, 0
	err := EachReject(ctx, v.store, func(r fault.Reject) error {
		lines++
		if r.Stage == fault.StageFilter {
			filtered++
		}
		return nil
	})
	i := v.report.Info
	switch {
	case errors.Is(err, fs.ErrNotExist) && i.Rejects == 0:
	case err != nil:
		return v.unreadable(RejectsName, err)
	case lines != i.Rejects:
		v.problemf(RejectsName, "", "it has %d lines, %s says %d", lines, InfoName, i.Rejects)
	case filtered != i.Filtered:
		v.problemf(RejectsName, "", "%d of its lines have stage %q, %s says %d", filtered, fault.StageFilter, InfoName, i.Filtered)
	}
	return nil
}
