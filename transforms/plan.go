// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

func init() {
	beam.RegisterType(reflectTypeOf[PlanFile]())
	beam.RegisterDoFn(reflect.TypeFor[planFn]())
	beam.RegisterDoFn(reflect.TypeFor[sealFn]())
	register.Iter1[[]byte]()
	register.Iter1[PlanFile]()
	register.Emitter2[string, PlanFile]()
	register.Emitter1[string]()
}

// The names inside the job's folder.
const (
	planFolder = "plan"
	sealedName = "sealed.json"
)

// PlanFile describes one plan file.
type PlanFile struct {
	// Name is the file's, without extension: SPLIT-000000.
	Name string `json:"name"`
	// Pictures are the file's lines, Duplicates the exact copies left out.
	Pictures   int64 `json:"pictures"`
	Duplicates int64 `json:"duplicates,omitempty"`
	// Transient counts the pictures that another try may be able to read.
	Transient int64 `json:"transient,omitempty"`
	// SHA256 is the hexadecimal hash of the file: a shard made from another
	// plan is made anew.
	SHA256 string `json:"sha256"`
}

// Split returns the split that the file's pictures belong to, or
// [RejectsBucket].
func (f PlanFile) Split() string {
	split, _, _ := strings.Cut(f.Name, "-")
	return split
}

// SealedPlan is a complete plan.
type SealedPlan struct {
	Settings string `json:"settings"`
	// Files are sorted: train, val, test, rejects, and by name in each.
	Files []PlanFile `json:"files"`
}

// Transient returns the number of pictures that the plan lacks and that another
// try may be able to read.
func (p SealedPlan) Transient() int64 {
	var n int64
	for _, f := range p.Files {
		n += f.Transient
	}
	return n
}

// Plan hashes the pictures of each listing file, spreads them over shards by
// content, and writes one plan file for each shard: sorted by hash, exact
// copies kept once. The listings are a PCollection<string> of file names. When
// every plan file is written the plan is sealed; the result, a
// PCollection<string>, holds the sealed plan's path once.
//
// Memory: one listing file and one plan file at a time and bundle, and what
// the runner needs for the shuffle, about 300 bytes a picture.
func Plan(s beam.Scope, c PlanConfig, listings beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Plan")
	grouped := beam.GroupByKey(s, hashPictures(s, c, listings))
	files := beam.ParDo(s, &planFn{c}, grouped)
	return beam.ParDo(s, &sealFn{c}, beam.GroupByKey(s, files))
}

// planFn writes a plan file. It maps CoGBK<name, Entry as JSON> to KV<"",
// PlanFile>.
type planFn struct{ PlanConfig }

func (f *planFn) ProcessElement(ctx context.Context, name string, lines func(*[]byte) bool, emit func(string, PlanFile)) error {
	ctx, stop := progress.Bind(ctx)
	defer stop()
	job := progress.Find(f.Job)
	var entries []Entry
	var line []byte
	for lines(&line) {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return job.Fail(fmt.Errorf("reading an entry of plan %q: %w", name, err))
		}
		entries = append(entries, e)
	}
	kept, duplicates := dropCopies(entries)
	if err := ctx.Err(); err != nil {
		return job.Fail(err)
	}
	sum, err := writePlan(f.Dir, name, kept)
	if err != nil {
		return job.Fail(err)
	}
	emit("", PlanFile{
		Name: name, Pictures: int64(len(kept)), Duplicates: duplicates, Transient: transients(kept), SHA256: sum,
	})
	return nil
}

func transients(entries []Entry) (n int64) {
	for _, e := range entries {
		if e.Reject != nil && e.Reject.Transient {
			n++
		}
	}
	return n
}

// dropCopies sorts entries and keeps of those with one hash the first.
// Pictures that could not be read have no hash and are all kept.
func dropCopies(entries []Entry) (kept []Entry, duplicates int64) {
	slices.SortFunc(entries, compareEntries)
	kept = slices.CompactFunc(entries, func(a, b Entry) bool { return a.SHA256 != "" && a.SHA256 == b.SHA256 })
	return kept, int64(len(entries) - len(kept))
}

// writePlan writes a plan file and returns its hash.
func writePlan(dir, name string, entries []Entry) (string, error) {
	folder := filepath.Join(dir, planFolder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("writing plan: %w", err)
	}
	sum := sha256.New()
	err := shard.Publish(folder, name+".jsonl", func(w io.Writer) error {
		return WriteLines(io.MultiWriter(w, sum), entries)
	})
	if err != nil {
		return "", fmt.Errorf("writing plan %q: %w", name, err)
	}
	failpoint.Hit("prepare.plan.written")
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// ReadPlan returns the entries of a plan file.
func ReadPlan(dir, name string) ([]Entry, error) {
	entries, err := ReadLines[Entry](filepath.Join(dir, planFolder, name+".jsonl"))
	if err != nil {
		return nil, fmt.Errorf("reading plan %q: %w", name, err)
	}
	return entries, nil
}

// sealFn writes the list of plan files: from then on the plan is kept.
type sealFn struct{ PlanConfig }

func (f *sealFn) ProcessElement(ctx context.Context, _ string, files func(*PlanFile) bool, emit func(string)) error {
	ctx, stop := progress.Bind(ctx)
	defer stop()
	plan := SealedPlan{Settings: f.Settings}
	var file PlanFile
	for files(&file) {
		plan.Files = append(plan.Files, file)
	}
	order := append(splitNames[:], RejectsBucket)
	slices.SortFunc(plan.Files, func(a, b PlanFile) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Split()), slices.Index(order, b.Split())), cmp.Compare(a.Name, b.Name))
	})
	if err := cmp.Or(ctx.Err(), seal(f.Dir, plan)); err != nil {
		return progress.Find(f.Job).Fail(err)
	}
	emit(filepath.Join(f.Dir, planFolder, sealedName))
	return nil
}

func seal(dir string, plan SealedPlan) error {
	err := shard.Publish(filepath.Join(dir, planFolder), sealedName, func(w io.Writer) error {
		return WriteLines(w, []SealedPlan{plan})
	})
	if err != nil {
		return fmt.Errorf("sealing plan: %w", err)
	}
	failpoint.Hit("prepare.plan.sealed")
	return nil
}

// ReadSealed returns the sealed plan of these settings in the job's folder. It
// reports false where there is none.
func ReadSealed(dir, settings string) (SealedPlan, bool, error) {
	data, err := os.ReadFile(filepath.Join(dir, planFolder, sealedName))
	if errors.Is(err, fs.ErrNotExist) {
		return SealedPlan{}, false, nil
	}
	if err != nil {
		return SealedPlan{}, false, fmt.Errorf("reading plan: %w", err)
	}
	var plan SealedPlan
	if err := json.Unmarshal(data, &plan); err != nil {
		return SealedPlan{}, false, fmt.Errorf("reading plan: %w", err)
	}
	return plan, plan.Settings == settings, nil
}

// RemovePlan removes a plan that is unfinished or to be made anew.
func RemovePlan(dir string) error {
	if err := os.RemoveAll(filepath.Join(dir, planFolder)); err != nil {
		return fmt.Errorf("removing a plan: %w", err)
	}
	return nil
}
