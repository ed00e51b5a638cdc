// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// shardWork is a data set of one shard in a temporary folder. Once it is made its
// methods but write are safe for concurrent use.
type shardWork struct {
	dir     string
	store   store.Store
	samples []shard.Sample
	order   []int
	size    int
	bytes   int64
	set     *shard.Dataset
	split   *shard.SplitReader
}

// distinct is how many different pictures a shard is made of: drawing and encoding
// them is no part of what is timed, and takes longer.
const distinct = 16

// newShardWork draws the samples and writes the data set once. Close must be called.
func newShardWork(dir string, o ShardsOptions) (*shardWork, error) {
	w := &shardWork{dir: dir, size: o.Size}
	var err error
	if w.store, err = store.Open(dir); err != nil {
		return nil, err
	}
	if w.samples, err = drawSamples(o.Size, o.Pictures); err != nil {
		return nil, err
	}
	w.order = rand.New(rand.NewPCG(1, 2)).Perm(o.Pictures)
	ctx := context.Background()
	stats, err := w.publish(ctx)
	if err != nil {
		return nil, err
	}
	w.bytes = stats.Bytes
	info := shard.Info{
		Size: o.Size, Fit: string(pixel.FitCrop), Formula: shard.FormulaLuma601,
		Splits: []shard.SplitInfo{shard.NewSplitInfo(shard.Train, []shard.Stats{stats})},
	}
	if err := shard.WriteInfo(ctx, w.store, info); err != nil {
		return nil, err
	}
	if w.set, err = shard.Open(ctx, dir); err != nil {
		return nil, err
	}
	if w.split, err = w.set.Split(shard.Train); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// drawSamples encodes pairs as prepare does, in the order of their keys.
func drawSamples(size, n int) ([]shard.Sample, error) {
	templates := make([]shard.Sample, min(n, distinct))
	for i := range templates {
		// Drawn at other sizes, so that they differ.
		rgb := pixel.ResizeSquare(drawPicture(size+8*i, size), size, pixel.FitCrop)
		var color, gray bytes.Buffer
		if err := errors.Join(pixel.EncodePNG(&color, rgb), pixel.EncodePNG(&gray, rgb.Luma())); err != nil {
			return nil, fmt.Errorf("encoding a made-up picture: %w", err)
		}
		templates[i] = shard.Sample{Color: color.Bytes(), Gray: gray.Bytes(), Meta: shard.Meta{
			Width: size, Height: size, Size: size, Formula: shard.FormulaLuma601, Alpha: shard.AlphaNone,
		}}
	}
	samples := make([]shard.Sample, n)
	for i := range samples {
		s := templates[i%len(templates)]
		sum := sha256.Sum256(fmt.Appendf(nil, "made-up picture %d", i))
		s.Key = hex.EncodeToString(sum[:])
		s.Meta.Source, s.Meta.SHA256 = fmt.Sprintf("%06d.png", i), s.Key
		samples[i] = s
	}
	slices.SortFunc(samples, func(a, b shard.Sample) int { return strings.Compare(a.Key, b.Key) })
	return samples, nil
}

// publish writes the shard and commits it.
func (w *shardWork) publish(ctx context.Context) (stats shard.Stats, err error) {
	name := shard.Name(shard.Train, 0)
	err = store.PublishFile(w.dir, name, func(to io.Writer) (err error) {
		writer := shard.NewWriter(to)
		for _, s := range w.samples {
			if err := writer.Add(s); err != nil {
				return err
			}
		}
		stats, err = writer.Close()
		return err
	})
	if err != nil {
		return stats, err
	}
	stats.Shard = name
	return stats, shard.WriteStats(ctx, w.store, stats)
}

// write writes the shard anew. What was opened before stays the file that it was.
func (w *shardWork) write(ctx context.Context) error {
	_, err := w.publish(ctx)
	return err
}

// read goes through the tar from its beginning to its end.
func (w *shardWork) read(context.Context) error {
	f, err := os.Open(filepath.Join(w.dir, shard.Name(shard.Train, 0)))
	if err != nil {
		return fmt.Errorf("opening a shard: %w", err)
	}
	defer f.Close()
	reader := shard.NewReader(bufio.NewReaderSize(f, 1<<20))
	for n := 0; ; n++ {
		_, err := reader.Next()
		if errors.Is(err, io.EOF) && n == len(w.samples) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a shard after %d of %d samples: %w", n, len(w.samples), err)
		}
	}
}

// random reads each sample once, in another order.
func (w *shardWork) random(ctx context.Context) error {
	return w.each(ctx, func(shard.Sample) error { return nil })
}

// decode is random with both pictures of each sample decoded.
func (w *shardWork) decode(ctx context.Context) error {
	limits := pixel.Limits{MaxPixels: int64(w.size) * int64(w.size)}
	return w.each(ctx, func(s shard.Sample) error {
		for _, data := range [][]byte{s.Gray, s.Color} {
			if _, err := pixel.Decode(data, limits); err != nil {
				return fmt.Errorf("decoding %q: %w", s.Key, err)
			}
		}
		return nil
	})
}

func (w *shardWork) each(ctx context.Context, use func(shard.Sample) error) error {
	for _, i := range w.order {
		if err := ctx.Err(); err != nil {
			return err
		}
		s, err := w.split.Sample(i)
		if err != nil {
			return err
		}
		if err := use(s); err != nil {
			return err
		}
	}
	return nil
}

func (w *shardWork) close() {
	if w.set != nil {
		_ = w.set.Close() // only read from
	}
}
