// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/source"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[hashFn]())
	register.Emitter2[string, []byte]()
}

// The names of the splits, in the order of every listing of them.
var splitNames = [...]string{"train", "val", "test"}

// RejectsBucket is the first part of the names of those plan files that hold
// pictures which could not be read.
const RejectsBucket = "rejects"

// Buckets says how content hashes are spread over splits and shards.
type Buckets struct {
	Seed                    uint64
	ValPercent, TestPercent float64
	// Train, Val and Test are the numbers of shards, at least 1 where the
	// split may get pictures.
	Train, Val, Test int
}

// Of returns split and number of the shard for a picture of this content hash.
// Nothing else is needed to know them, so that a picture never moves when
// others come or go.
func (b Buckets) Of(hash [sha256.Size]byte) (split string, n int) {
	split = shard.Split(hash, b.Seed, b.ValPercent, b.TestPercent)
	shards := map[string]int{splitNames[0]: b.Train, splitNames[1]: b.Val, splitNames[2]: b.Test}[split]
	// The hash's end: its beginning orders the pictures inside a shard.
	return split, int(binary.BigEndian.Uint64(hash[24:]) % uint64(shards))
}

// PlanConfig configures [Plan].
type PlanConfig struct {
	// Input is the source's URI; Dir the folder with the listing files, in
	// which Plan makes the plan files.
	Input, Dir string
	// Settings is a hash of everything that the plan depends on.
	Settings string
	Buckets  Buckets
	MaxBytes int64 // of one picture's file
	Workers  int   // pictures read at once in a process
	// MemoryBudget bounds the bytes of the files read at once in a process. One
	// that is larger by itself is read alone.
	MemoryBudget int64
	Job          string
}

// hashFn reads the pictures of a listing file and hashes their bytes. It maps
// a listing's name to KV<plan file name without extension, Entry as JSON>.
type hashFn struct{ PlanConfig }

func (f *hashFn) ProcessElement(ctx context.Context, listing string, emit func(string, []byte)) error {
	ctx, stop := progress.Bind(ctx)
	defer stop()
	job := progress.Find(f.Job)
	src, err := source.Shared(ctx, f.Input)
	if err != nil {
		return job.Fail(err)
	}
	refs, err := ReadLines[source.Ref](filepath.Join(f.Dir, listing))
	if err != nil {
		return job.Fail(fmt.Errorf("reading listing: %w", err))
	}
	hash := func(ctx context.Context, r source.Ref) (hashed, error) { return hashPicture(ctx, src, r, f.PlanConfig) }
	return job.Fail(ordered(ctx, f.Workers, refs, hash, func(h hashed) error {
		job.Add(1)
		emit(h.bucket, h.line)
		return nil
	}))
}

type hashed struct {
	bucket string
	line   []byte
}

// hashPicture reads one picture and says which plan file it belongs to.
func hashPicture(ctx context.Context, src source.Source, r source.Ref, c PlanConfig) (hashed, error) {
	e := Entry{Ref: r}
	var bucket string
	var sum [sha256.Size]byte
	err := withBudget(ctx, c.MemoryBudget, min(r.Size, c.MaxBytes), func() error {
		data, err := src.Read(ctx, r, c.MaxBytes)
		sum = sha256.Sum256(data)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return hashed{}, ctx.Err()
	case err != nil:
		reject := fault.RejectOf(r.Name(), fault.StageRead, err)
		e.Reject = &reject
		name := sha256.Sum256(r.Member) // spreads them over several files
		bucket = bucketName(RejectsBucket, int(binary.BigEndian.Uint64(name[:])%uint64(c.Buckets.Train)))
	default:
		e.SHA256 = hex.EncodeToString(sum[:])
		bucket = bucketName(c.Buckets.Of(sum))
	}
	line, err := json.Marshal(e)
	return hashed{bucket: bucket, line: line}, err
}

func bucketName(split string, n int) string { return fmt.Sprintf("%s-%06d", split, n) }

// hashPictures is the first step of [Plan].
func hashPictures(s beam.Scope, c PlanConfig, listings beam.PCollection) beam.PCollection {
	return beam.ParDo(s, &hashFn{c}, beam.Reshuffle(s, listings))
}
