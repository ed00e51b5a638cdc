// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// reference is testdata/reference/metrics.json, which metrics.py beside it
// wrote with the versions of scikit-image and numpy that it names.
type reference struct {
	Versions map[string]string `json:"versions"`
	Sharma   []struct {
		X       [3]float64 `json:"x"`
		Y       [3]float64 `json:"y"`
		Paper   float64    `json:"paper"`
		Skimage float64    `json:"skimage"`
	} `json:"sharma"`
	Lab []struct {
		RGB [3]int     `json:"rgb"`
		Lab [3]float64 `json:"lab"`
	} `json:"lab"`
	Pairs []struct {
		Name        string  `json:"name"`
		Width       int     `json:"width"`
		Height      int     `json:"height"`
		Truth       string  `json:"truth"`
		TruthSHA256 string  `json:"truth_sha256"`
		Made        string  `json:"made"`
		MadeSHA256  string  `json:"made_sha256"`
		Want        Quality `json:"want"`
	} `json:"pairs"`
}

func readReference(t *testing.T) *reference {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "reference", "metrics.json"))
	if err != nil {
		t.Fatal(err)
	}
	ref := new(reference)
	if err := json.Unmarshal(data, ref); err != nil {
		t.Fatal(err)
	}
	for _, library := range []string{"scikit-image", "numpy"} {
		if ref.Versions[library] == "" {
			t.Errorf("metrics.json does not name the version of %s", library)
		}
	}
	return ref
}

// TestQualityReference compares all measures with scikit-image's and numpy's.
// Both sides are float64 sums of at most a few thousand terms, taken in another
// order: 1e-9 leaves room for that and for nothing else.
func TestQualityReference(t *testing.T) {
	for _, c := range readReference(t).Pairs {
		t.Run(c.Name, func(t *testing.T) {
			truth := referencePicture(t, c.Truth, c.TruthSHA256, c.Width, c.Height)
			made := referencePicture(t, c.Made, c.MadeSHA256, c.Width, c.Height)
			got := Measure(made, truth)
			if diff := cmp.Diff(c.Want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
				t.Errorf("(-scikit-image +ours)\n%s", diff)
			}
			back := Measure(truth, made)
			back.Colorfulness = got.Colorfulness // of one picture
			if diff := cmp.Diff(got, back, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
				t.Errorf("not symmetric (-made, truth +truth, made)\n%s", diff)
			}
		})
	}
}

// TestSharma has the 34 pairs of Sharma, Wu and Dalal's table 1, which gives
// four decimals, and scikit-image's result for them, which gives all.
func TestSharma(t *testing.T) {
	rows := readReference(t).Sharma
	if len(rows) != 34 {
		t.Errorf("%d pairs, want 34", len(rows))
	}
	for i, r := range rows {
		x, y := Lab{r.X[0], r.X[1], r.X[2]}, Lab{r.Y[0], r.Y[1], r.Y[2]}
		for _, got := range []float64{DeltaE2000(x, y), DeltaE2000(y, x)} {
			if math.Abs(got-r.Paper) > 0.00005001 {
				t.Errorf("pair %d: %.6f, the paper gives %.4f", i+1, got, r.Paper)
			}
			if math.Abs(got-r.Skimage) > 1e-11 {
				t.Errorf("pair %d: %.12f, scikit-image gives %.12f", i+1, got, r.Skimage)
			}
		}
	}
}

func TestToLabReference(t *testing.T) {
	for _, r := range readReference(t).Lab {
		got := ToLab(uint8(r.RGB[0]), uint8(r.RGB[1]), uint8(r.RGB[2]))
		want := Lab{r.Lab[0], r.Lab[1], r.Lab[2]}
		// The factor 500 stands over the rounding of two cube roots.
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-11)); diff != "" {
			t.Errorf("%v (-scikit-image +ours)\n%s", r.RGB, diff)
		}
	}
}

// referencePicture is picture of metrics.py.
func referencePicture(t *testing.T, spec, sum string, w, h int) *RGB {
	t.Helper()
	formula, text, _ := strings.Cut(spec, ":")
	n, err := strconv.ParseUint(text, 0, 32)
	if err != nil {
		t.Fatal(err)
	}
	seed := uint32(n)
	value := func(x, y, c int) int {
		switch formula {
		case "scene":
			return sceneAt(x, y, c, seed, 0)
		case "grain":
			return sceneAt(x, y, c, seed, 0) + int(hashAt(x, y, c, seed+100)>>28) - 8
		case "gray":
			r, g, b := sceneAt(x, y, 0, seed, 0), sceneAt(x, y, 1, seed, 0), sceneAt(x, y, 2, seed, 0)
			return int(luma(uint8(r), uint8(g), uint8(b)))
		case "turned":
			return sceneAt(x, y, (c+2)%3, seed, 0)
		case "moved":
			return sceneAt(x, y, c, seed, 1)
		case "noise":
			return int(hashAt(x, y, c, seed) >> 24)
		case "inverse":
			return 255 - int(hashAt(x, y, c, seed)>>24)
		case "dark":
			return int(hashAt(x, y, c, seed) >> 28)
		case "plain":
			return int(seed >> (16 - 8*c) & 255)
		}
		t.Fatalf("unknown formula %q", formula)
		return 0
	}
	r := NewRGB(w, h)
	for i := range r.Pix {
		r.Pix[i] = clamp8(int32(value(i/3%w, i/3/w, i%3)))
	}
	if got := sha256.Sum256(r.Pix); hex.EncodeToString(got[:]) != sum {
		t.Fatalf("%s is not the picture that metrics.py made", spec)
	}
	return r
}

// sceneAt is scene of metrics.py.
func sceneAt(x, y, c int, seed uint32, shift int) int {
	grain := int(hashAt(x, y, c, seed) >> 28)
	x += shift
	ramp := [3]int{5*x + 2*y, 3*y + 90, 2*x - y + 160}[c]
	board := 0
	if (x/7+y/5)%2 == 0 {
		board = 50 - 40*c
	}
	return int(clamp8(int32(ramp + board + grain)))
}

// hashAt is noise of metrics.py.
func hashAt(x, y, c int, seed uint32) uint32 {
	h := uint32(x)*0x9E3779B1 ^ uint32(y)*0x85EBCA77 ^ uint32(c)*0xC2B2AE3D ^ seed*0x27D4EB2F
	h ^= h >> 15
	h *= 0x2C1B3C6D
	h ^= h >> 12
	h *= 0x297A2D39
	return h ^ h>>15
}
