// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/png"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// pictures is a source of files in memory.
type pictures map[string][]byte

func (pictures) URI() string  { return "memory" }
func (pictures) Close() error { return nil }

func (pictures) List(context.Context, func(source.Ref) error) error { return nil }

func (p pictures) Read(_ context.Context, r source.Ref, _ int64) ([]byte, error) {
	return p[r.Name()], nil
}

func (p pictures) entry(name string) plan.Entry {
	sum := sha256.Sum256(p[name])
	return plan.Entry{Ref: source.Ref{Member: []byte(name), Size: int64(len(p[name]))}, SHA256: hex.EncodeToString(sum[:])}
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, m); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func plain(width, height int) image.Image {
	m := image.NewGray(image.Rect(0, 0, width, height))
	m.SetGray(0, 0, color.Gray{Y: uint8(width)})
	return m
}

// TestPanicIsReject checks that what no decoder foresaw costs one picture. A
// size of 0 makes the resizing panic.
func TestPanicIsReject(t *testing.T) {
	t.Parallel()
	src := pictures{"a.png": pngOf(t, plain(9, 9))}
	c := WriteConfig{Pair: PairSettings{Size: 0, Limits: pixel.DefaultLimits()}, Parallel: Parallel{Workers: 2, Readers: 2, MemoryBudget: 1 << 20}}
	stats, err := fillShard(t.Context(), io.Discard, src, c, []plan.Entry{src.entry("a.png")})
	if err != nil {
		t.Fatal(err)
	}
	want := []fault.Reject{{
		Source: "a.png", Stage: fault.StageEncode, Reason: "internal error: panic: pixel: resizing 9x9 pixels to size 0",
	}}
	if diff := cmp.Diff(want, stats.Rejects); diff != "" || stats.Samples != 0 {
		t.Errorf("%d samples, rejects (-want +got):\n%s", stats.Samples, diff)
	}
}
