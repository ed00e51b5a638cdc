// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/store"
)

const (
	testSize = 8
	testSeed = 7
)

// in returns the store in a folder.
func in(tb testing.TB, dir string) store.Store {
	tb.Helper()
	st, err := store.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return st
}

func encode(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// sample makes the n-th sample: its key is the hash of n.
func sample(tb testing.TB, n int) Sample {
	tb.Helper()
	sum := sha256.Sum256([]byte{byte(n), byte(n >> 8)})
	gray := image.NewGray(image.Rect(0, 0, testSize, testSize))
	rgb := image.NewRGBA(gray.Rect)
	for i := range gray.Pix {
		gray.Pix[i] = uint8(i + n)
		rgb.Set(i%testSize, i/testSize, color.RGBA{R: uint8(i + n), G: uint8(n), B: uint8(i), A: 255})
	}
	key := hex.EncodeToString(sum[:])
	return Sample{Key: key, Gray: encode(tb, gray), Color: encode(tb, rgb), Meta: Meta{
		Source: "a & b/ü.png", SHA256: key, Width: 10, Height: 20, Size: testSize, Formula: FormulaLuma601, Alpha: AlphaNone,
	}}
}

// samples makes n samples in the order of their keys.
func samples(tb testing.TB, n int) []Sample {
	tb.Helper()
	out := make([]Sample, n)
	for i := range out {
		out[i] = sample(tb, i)
	}
	slices.SortFunc(out, func(a, b Sample) int { return strings.Compare(a.Key, b.Key) })
	return out
}

func writeTar(tb testing.TB, w io.Writer, list []Sample) Stats {
	tb.Helper()
	sw := NewWriter(w)
	for _, s := range list {
		if err := sw.Add(s); err != nil {
			tb.Fatal(err)
		}
	}
	stats, err := sw.Close()
	if err != nil {
		tb.Fatal(err)
	}
	return stats
}

func tarBytes(tb testing.TB, list []Sample) []byte {
	tb.Helper()
	var b bytes.Buffer
	writeTar(tb, &b, list)
	return b.Bytes()
}

// commit writes one shard and its stats.
func commit(tb testing.TB, dir, name string, list []Sample) Stats {
	tb.Helper()
	var stats Stats
	err := store.PublishFile(dir, name, func(w io.Writer) error {
		stats = writeTar(tb, w, list)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	stats.Shard = name
	if err := WriteStats(tb.Context(), in(tb, dir), stats); err != nil {
		tb.Fatal(err)
	}
	return stats
}

func testInfo(splits ...SplitInfo) Info {
	return Info{ToolVersion: "test", Size: testSize, Fit: "crop", Formula: FormulaLuma601,
		Seed: testSeed, ValPercent: 25, TestPercent: 10, LicenseNote: "made up", Splits: splits}
}

// dataset writes a data set of n samples, with at most 20 in a shard.
func dataset(tb testing.TB, dir string, n int) Info {
	tb.Helper()
	bySplit := map[string][]Sample{}
	for _, s := range samples(tb, n) {
		sum, err := hex.DecodeString(s.Key)
		if err != nil {
			tb.Fatal(err)
		}
		split := Split([32]byte(sum), testSeed, 25, 10)
		bySplit[split] = append(bySplit[split], s)
	}
	var splits []SplitInfo
	for _, name := range []string{Train, Val, Test} {
		var stats []Stats
		for part := range slices.Chunk(bySplit[name], 20) {
			stats = append(stats, commit(tb, dir, Name(name, len(stats)), part))
		}
		splits = append(splits, NewSplitInfo(name, stats))
	}
	if err := WriteRejects(tb.Context(), in(tb, dir), nil); err != nil {
		tb.Fatal(err)
	}
	if err := WriteInfo(tb.Context(), in(tb, dir), testInfo(splits...)); err != nil {
		tb.Fatal(err)
	}
	info, err := ReadInfo(tb.Context(), in(tb, dir))
	if err != nil {
		tb.Fatal(err)
	}
	return info
}

func edit(tb testing.TB, dir, name string, change func([]byte) []byte) {
	tb.Helper()
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, change(data), 0o600); err != nil {
		tb.Fatal(err)
	}
}
