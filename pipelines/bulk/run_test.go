// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// counts is the part of a summary that does not depend on time and place.
type counts struct{ Pictures, Colored, Skipped, Rejects int64 }

func mustRun(t *testing.T, o Options) counts {
	t.Helper()
	s, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{s.Report, s.ReportJSON, s.RejectsFile} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
	return counts{s.Pictures, s.Colored, s.Skipped, s.Rejects}
}

func wantCounts(t *testing.T, got, want counts) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

// TestRun colours the same pictures from a folder and from a zip into a folder
// and into a zip, on both local runners, with different batches and numbers of
// workers, and wants the same bytes everywhere.
func TestRun(t *testing.T) {
	t.Parallel()
	files := mixed(t)
	folder, archive := writeFolder(t, files), writeZip(t, asMembers(files))
	n := int64(len(files))
	base := tiny(t, folder, filepath.Join(t.TempDir(), "out"))
	wantCounts(t, mustRun(t, base), counts{n, n, 0, 0})
	want := sums(t, base.Output)
	names := slices.Sorted(maps.Keys(want))
	if len(names) != len(files) || !slices.Contains(names, "a.gif.png") || !slices.Contains(names, "b/d.JPEG") {
		t.Fatalf("output holds %q", names)
	}
	zipSum := ""
	for _, tt := range []struct {
		name, input, output, runner string
		batch, workers              int
	}{
		{"prism", folder, "out", "prism", 4, 2},
		{"one worker", folder, "out", "direct", 4, 1},
		{"many workers", folder, "out", "direct", 4, 7},
		{"zip in", archive, "out", "direct", 4, 2},
		{"zip out", folder, "out.zip", "direct", 4, 2},
		{"zip in and out on prism", archive, "out.zip", "prism", 4, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := base
			o.Input, o.Output, o.Runner, o.Batch, o.Workers = tt.input, filepath.Join(t.TempDir(), tt.output), tt.runner, tt.batch, tt.workers
			wantCounts(t, mustRun(t, o), counts{n, n, 0, 0})
			var got map[string]string
			if strings.HasSuffix(o.Output, ".zip") {
				got = zipSums(t, o.Output)
				if s := fileSum(t, o.Output); zipSum != "" && s != zipSum {
					t.Error("two archives of the same pictures differ")
				} else {
					zipSum = s
				}
			} else {
				got = sums(t, o.Output)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("coloured pictures (-want +got):\n%s", diff)
			}
			wantCounts(t, mustRun(t, o), counts{n, n, n, 0})
		})
	}
}

// TestKeepsLumaAndSize holds every coloured picture against its source: size
// and, up to rounding, luma are the same, and there is colour.
func TestKeepsLumaAndSize(t *testing.T) {
	t.Parallel()
	files := mixed(t)
	o := tiny(t, writeFolder(t, files), filepath.Join(t.TempDir(), "out"))
	o.Format = FormatPNG
	mustRun(t, o)
	colorful := 0
	for name, data := range files {
		out, _, err := naming{Format: FormatPNG}.output([]byte(name))
		if err != nil {
			t.Fatal(err)
		}
		source, got := decode(t, data), decode(t, []byte(readRaw(t, o.Output, out)))
		if source.Width != got.Width || source.Height != got.Height {
			t.Errorf("%s: %dx%d became %dx%d", name, source.Width, source.Height, got.Width, got.Height)
			continue
		}
		want, luma := source.Gray(), got.RGB().Luma()
		for i, v := range luma.Pix {
			y, x := i/luma.Stride, i%luma.Stride
			if d := int(v) - int(want.GrayAt(x, y).Y); d < -1 || d > 1 {
				t.Errorf("%s: luma at (%d, %d) is %d, want %d", name, x, y, v, want.GrayAt(x, y).Y)
				break
			}
		}
		if pixel.Colorfulness(got.RGB()) > 0 { // random weights make faint colours
			colorful++
		}
	}
	if colorful < len(files)/2 {
		t.Errorf("%d of %d pictures have colour", colorful, len(files))
	}
}

func decode(t *testing.T, data []byte) *pixel.Picture {
	t.Helper()
	p, err := pixel.Decode(data, pixel.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func readRaw(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestNeighboursLeaveNoTrace colours a few of the pictures alone and in other
// company: renamed, their order changes, but their bytes must not.
func TestNeighboursLeaveNoTrace(t *testing.T) {
	t.Parallel()
	files := mixed(t)
	o := tiny(t, writeFolder(t, files), filepath.Join(t.TempDir(), "out"))
	mustRun(t, o)
	want := sums(t, o.Output)
	renamed := map[string][]byte{}
	for i, name := range slices.Sorted(maps.Keys(files)) {
		if i%3 == 0 || filepath.Ext(name) != ".png" {
			continue
		}
		renamed[string(rune('z'-i%26))+"-"+strings.ReplaceAll(name, "/", "-")+".png"] = files[name]
	}
	two := o
	two.Input, two.Output = writeFolder(t, renamed), filepath.Join(t.TempDir(), "out")
	mustRun(t, two)
	got := sums(t, two.Output)
	if len(got) != len(renamed) {
		t.Fatalf("%d pictures, want %d", len(got), len(renamed))
	}
	values := slices.Collect(maps.Values(want))
	for name, s := range got {
		if !slices.Contains(values, s) {
			t.Errorf("%s has other bytes in other company", name)
		}
	}
}

func TestJPEG(t *testing.T) {
	t.Parallel()
	files := mixed(t)
	o := tiny(t, writeFolder(t, files), filepath.Join(t.TempDir(), "out"))
	o.Format, o.Quality = FormatJPEG, 95
	mustRun(t, o)
	for name := range sums(t, o.Output) {
		p := decode(t, []byte(readRaw(t, o.Output, name)))
		if _, ok := p.Image.(*image.YCbCr); !ok || p.Format != "jpeg" {
			t.Errorf("%s is %s in %T", name, p.Format, p.Image)
		}
	}
}

// TestJPEGKeepsOrientation: an EXIF orientation is applied once.
func TestJPEGKeepsOrientation(t *testing.T) {
	t.Parallel()
	plain := jpegBytes(t, gray(24, 10, 1))
	exif := []byte("\xFF\xE1\x00\x22Exif\x00\x00MM\x00\x2A\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00")
	rotated := slices.Concat(plain[:2], exif, plain[2:])
	o := tiny(t, writeFolder(t, map[string][]byte{"r.jpg": rotated}), filepath.Join(t.TempDir(), "out"))
	mustRun(t, o)
	p := decode(t, []byte(readRaw(t, o.Output, "r.jpg")))
	if p.Width != 10 || p.Height != 24 {
		t.Errorf("coloured picture has %dx%d pixels, want 10x24", p.Width, p.Height)
	}
}

func TestColorizeFile(t *testing.T) {
	t.Parallel()
	files := mixed(t)
	o := tiny(t, writeFolder(t, files), filepath.Join(t.TempDir(), "out"))
	mustRun(t, o)
	one := filepath.Join(t.TempDir(), "one.png")
	if err := ColorizeFile(t.Context(), o, filepath.Join(o.Input, "a.png"), one); err != nil {
		t.Fatal(err)
	}
	if fileSum(t, one) != sums(t, o.Output)["a.png"] {
		t.Error("ColorizeFile and Run differ")
	}
	in := filepath.Join(o.Input, "a.png")
	broken := filepath.Join(t.TempDir(), "broken.png")
	if err := os.WriteFile(broken, []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, in, out, want string }{
		{"exists", in, one, "exists"},
		{"same", in, in, "must not be the input"},
		{"missing", filepath.Join(o.Input, "none.png"), filepath.Join(t.TempDir(), "x.png"), "no such file"},
		{"folder", o.Input, filepath.Join(t.TempDir(), "x.png"), "use bulk"},
		{"extension", in, filepath.Join(t.TempDir(), "x.gif"), ".jpg, .jpeg or .png"},
		{"no place", in, filepath.Join(t.TempDir(), "none", "x.png"), "must lie in a folder"},
		{"broken", broken, filepath.Join(t.TempDir(), "x.png"), "decode:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := ColorizeFile(t.Context(), o, tt.in, tt.out)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	o.Overwrite = true
	if err := ColorizeFile(t.Context(), o, in, one); err != nil {
		t.Errorf("overwriting: %v", err)
	}
}

// TestColorizeFileRejects: what is wrong with the picture itself is told from
// what is wrong with the request, and leaves no output.
func TestColorizeFileRejects(t *testing.T) {
	t.Parallel()
	dir := writeFolder(t, map[string][]byte{"text.png": []byte("no picture"), "a.png": pngBytes(t, gray(9, 9, 1)), "bomb.png": bomb(t)})
	out := filepath.Join(t.TempDir(), "x.png")
	for name, stage := range map[string]fault.Stage{"text.png": fault.StageDecode, "bomb.png": fault.StageDecode, "a.png": fault.StageRead} {
		o := tiny(t, "", "")
		if name == "a.png" {
			o.Limits.MaxBytes = 10
		}
		err := ColorizeFile(t.Context(), o, filepath.Join(dir, name), out)
		var p *fault.PictureError
		if !errors.As(err, &p) || p.Stage != stage || fault.IsRequest(err) {
			t.Errorf("%s: error %v, want a picture's of stage %s", name, err, stage)
		}
	}
	if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a rejected picture left an output: %v", err)
	}
}

// TestColorizeFileKeepsLinks: a symbolic link is there, even where it leads
// nowhere.
func TestColorizeFileKeepsLinks(t *testing.T) {
	t.Parallel()
	in := filepath.Join(writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1))}), "a.png")
	link := filepath.Join(t.TempDir(), "link.png")
	if err := os.Symlink(filepath.Join(t.TempDir(), "nowhere.png"), link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	o := tiny(t, "", "")
	for _, out := range []string{link, filepath.Join(in, "x.png")} { // the latter lies below a file
		if err := ColorizeFile(t.Context(), o, in, out); !fault.IsRequest(err) {
			t.Errorf("%s: error %v, want a request error", out, err)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	files := mixed(t)
	files["broken.png"] = []byte("no picture")
	o := tiny(t, writeFolder(t, files), filepath.Join(t.TempDir(), "out"))
	n := int64(len(files))
	wantCounts(t, mustRun(t, o), counts{n, n - 1, 0, 1})
	page := readText(t, o.Output, "report.html")
	if got := strings.Count(page, "<img"); got != 2*maxPairs {
		t.Errorf("page shows %d pictures, want %d", got, 2*maxPairs)
	}
	if !strings.Contains(page, "broken.png") || !strings.Contains(page, "Before and after") {
		t.Error("page lacks the reject or the pairs")
	}
	record := readText(t, o.Output, "report.json")
	for _, want := range []string{
		`"rejects": 1`, fmt.Sprintf(`"BeamML_Chromabeam.num_inferences": %d`, n-1), fmt.Sprintf(`"bulk.colored": %d`, n-1), `"bulk.rejects": 1`,
		`"model_hash"`, `"rejects_by_reason"`, `"batches"`,
	} {
		if !strings.Contains(record, want) {
			t.Errorf("report.json lacks %s:\n%s", want, record)
		}
	}
	pairs := strings.Split(page, "<figcaption>")
	// The selection is the same after a second run that does nothing.
	mustRun(t, o)
	if again := strings.Split(readText(t, o.Output, "report.html"), "<figcaption>"); len(again) != len(pairs) {
		t.Errorf("a second run shows %d pairs, want %d", len(again), len(pairs))
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("the page's data URIs were refused")
	}
}
