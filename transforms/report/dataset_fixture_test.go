// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// fixture writes data sets of made-up pictures.
type fixture struct {
	seed      uint64
	val, test float64
	side      int
}

// sphere draws a lit ball whose hue and size follow from n.
func (f fixture) sphere(n int) *pixel.RGB {
	m := pixel.NewRGB(f.side, f.side)
	half, hue := float64(f.side)/2, float64(n)*0.7
	for y := range f.side {
		for x := range f.side {
			dx, dy := (float64(x)-half)/half, (float64(y)-half)/half
			c := [3]float64{235, 238, 240}
			if dx*dx+dy*dy < 0.3+0.05*float64(n%9) {
				light := 1.1 - 0.6*math.Hypot(dx+0.3, dy+0.3)
				for k := range c {
					c[k] = light * (140 + float64(n%5)*25*math.Cos(hue+2.1*float64(k)))
				}
			}
			for k, v := range c {
				m.Pix[3*(y*f.side+x)+k] = uint8(min(max(v, 0), 255))
			}
		}
	}
	return m
}

// sample makes the n-th sample; names are as hostile as names may be.
func (f fixture) sample(tb testing.TB, n int, m *pixel.RGB) shard.Sample {
	tb.Helper()
	png := func(write func(w io.Writer) error) []byte {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			tb.Fatal(err)
		}
		return b.Bytes()
	}
	sum := sha256.Sum256(fmt.Append(nil, n))
	key := hex.EncodeToString(sum[:])
	source := fmt.Sprintf("zoo/balls/%04d.png", n)
	if n%7 == 0 {
		source = fmt.Sprintf(`zoo/<script>alert(%d)</script>"'&#10;{{.}}`+"\n\xff/a rather long name without an end.png", n)
	}
	return shard.Sample{
		Key:   key,
		Color: png(func(w io.Writer) error { return pixel.EncodePNG(w, m) }),
		Gray:  png(func(w io.Writer) error { return pixel.EncodePNG(w, m.Luma()) }),
		Meta: shard.Meta{
			Source: source, SHA256: key, Width: 200 + 40*(n%20), Height: 200 + 30*(n%11), Size: f.side,
			Formula: shard.FormulaLuma601, Alpha: shard.AlphaNone,
		},
	}
}

func (f fixture) split(tb testing.TB, s shard.Sample) string {
	tb.Helper()
	sum, err := hex.DecodeString(s.Key)
	if err != nil {
		tb.Fatal(err)
	}
	return shard.Split([32]byte(sum), f.seed, f.val, f.test)
}

// write writes the samples as one shard a split.
func (f fixture) write(tb testing.TB, list []shard.Sample) store.Store {
	tb.Helper()
	st, err := store.Open(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	slices.SortFunc(list, func(a, b shard.Sample) int { return cmp.Compare(a.Key, b.Key) })
	var splits []shard.SplitInfo
	for _, split := range []string{shard.Train, shard.Val, shard.Test} {
		var stats shard.Stats
		_, err := st.Publish(tb.Context(), shard.Name(split, 0), store.Anything(), func(w io.Writer) (err error) {
			sw := shard.NewWriter(w)
			for _, s := range list {
				if f.split(tb, s) == split {
					if err := sw.Add(s); err != nil {
						return err
					}
				}
			}
			stats, err = sw.Close()
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
		stats.Shard = shard.Name(split, 0)
		if err := shard.WriteStats(tb.Context(), st, stats); err != nil {
			tb.Fatal(err)
		}
		splits = append(splits, shard.NewSplitInfo(split, []shard.Stats{stats}))
	}
	info := shard.Info{
		ToolVersion: "0.1.0", Size: f.side, Fit: "crop", Formula: shard.FormulaLuma601, Seed: f.seed, ValPercent: f.val, TestPercent: f.test,
		LicenseNote: "made up", Splits: splits,
	}
	if err := shard.WriteInfo(tb.Context(), st, info); err != nil {
		tb.Fatal(err)
	}
	return st
}

// examined is the report of n pictures, of which the last repeat the first,
// with one pair that does not match.
func (f fixture) examined(tb testing.TB, n, repeats, sheet int) shard.Report {
	tb.Helper()
	var list []shard.Sample
	for i := range n {
		picture := i
		if i >= n-repeats {
			picture = i - (n - repeats)
		}
		list = append(list, f.sample(tb, i, f.sphere(picture)))
	}
	list[n/2].Gray = list[n/2+1].Gray
	r, err := shard.Examine(tb.Context(), f.write(tb, list), shard.SurveyOptions{
		Deep: true, Sheet: sheet, NearDuplicates: true, NearDistance: shard.DefaultNearDistance,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// DatasetSample is a page of a data set with every section that such a page
// can have. It is exported for the tests in a browser.
func DatasetSample(tb testing.TB) Page {
	tb.Helper()
	p, err := DatasetPage("Data set balls", fixture{seed: 3, val: 25, test: 15, side: 32}.examined(tb, 60, 12, 16))
	if err != nil {
		tb.Fatal(err)
	}
	p.Footer = "chromabeam 0.1.0"
	return p
}
