// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model/modeltest"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/progress"
)

// bomb is a PNG header that claims 40,000 by 40,000 pixels.
func bomb(t testing.TB) []byte {
	t.Helper()
	data := pngBytes(t, gray(4, 4, 1))
	big := bytes.Clone(data)
	copy(big[16:24], []byte{0, 0, 0x9C, 0x40, 0, 0, 0x9C, 0x40})
	crc := crcOf(big[12:29])
	copy(big[29:33], crc[:])
	return big
}

func crcOf(data []byte) [4]byte {
	sum := crc32.ChecksumIEEE(data)
	return [4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}
}

// deep is a 16-bit picture, animation one with two frames.
func deep(w, h int) image.Image {
	m := image.NewNRGBA64(image.Rect(0, 0, w, h))
	for i := range w * h {
		m.SetNRGBA64(i%w, i/w, color.NRGBA64{uint16(i * 991), uint16(i * 77), 40000, 50000})
	}
	return m
}

func animation(t testing.TB) []byte {
	t.Helper()
	frame := func(i uint8) *image.Paletted {
		m := image.NewPaletted(image.Rect(0, 0, 12, 12), color.Palette{color.Black, color.White})
		for j := range m.Pix {
			m.Pix[j] = i
		}
		return m
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame(0), frame(1)}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readRejects(t *testing.T, name string) map[string]fault.Reject {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]fault.Reject{}
	last := ""
	for s := bufio.NewScanner(f); s.Scan(); {
		var r fault.Reject
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Source < last {
			t.Errorf("rejects are not sorted: %q after %q", r.Source, last)
		}
		last = r.Source
		out[r.Source+" "+string(r.Stage)] = r
	}
	return out
}

// TestBadPictures mixes pictures that cannot be used with unusual ones that
// can: the former are rejects with a reason, the latter are coloured, and all
// of it is the same on every runner and into every kind of output.
func TestBadPictures(t *testing.T) {
	t.Parallel()
	png, jpg := pngBytes(t, gray(30, 30, 1)), jpegBytes(t, gray(64, 64, 2))
	good := []member{
		{"deep.png", pngBytes(t, deep(14, 9))}, {"one.png", pngBytes(t, gray(1, 1, 3))}, {"animation.gif", animation(t)},
		{"jpeg-called.png", jpg}, {"\xff\xfe raw.png", png}, {"twice.png", png},
	}
	bad := map[string]string{ // name and stage -> part of the reason
		"cut.png decode":                        "",
		"cut.jpg decode":                        "",
		"empty.png decode":                      "",
		"text.png decode":                       "",
		"bomb.png decode":                       "40000x40000",
		"../out.png write":                      "unsafe name",
		"/abs.png write":                        "unsafe name",
		"twice.png read":                        "more than once",
		".chromabeam-x/../x.png write":          "",
		strings.Repeat("n", 252) + ".png write": "too long",
	}
	delete(bad, ".chromabeam-x/../x.png write") // the source leaves hidden folders out
	members := append(slices.Clone(good),
		member{"cut.png", png[:len(png)/2]}, member{"cut.jpg", jpg[:len(jpg)/3]}, member{"empty.png", nil},
		member{"text.png", []byte("no picture")}, member{"bomb.png", bomb(t)}, member{"../out.png", png}, member{"/abs.png", png},
		member{"twice.png", jpg}, member{strings.Repeat("n", 252) + ".png", png})
	base := tiny(t, writeZip(t, members), "")
	want := counts{int64(len(members)), int64(len(good)), 0, int64(len(bad))}
	var first map[string]string
	for _, runner := range []string{"direct", "prism"} {
		for _, output := range []string{"out", "out.zip"} {
			t.Run(runner+" "+output, func(t *testing.T) {
				o := base
				o.Runner, o.Output = runner, filepath.Join(t.TempDir(), output)
				wantCounts(t, mustRun(t, o), want)
				l, err := newLayout(o.Output)
				if err != nil {
					t.Fatal(err)
				}
				rejects := readRejects(t, l.at(rejectsFile))
				for name, reason := range bad {
					if r, ok := rejects[name]; !ok || r.Reason == "" || r.Transient || !strings.Contains(r.Reason, reason) {
						t.Errorf("reject of %s: %+v (found: %v), want %q in its reason", name, r, ok, reason)
					}
				}
				if len(rejects) != len(bad) {
					t.Errorf("rejects: %v", rejects)
				}
				var got map[string]string
				if l.archive() {
					got = zipSums(t, o.Output)
				} else {
					got = sums(t, o.Output)
				}
				if first == nil {
					first = got
				}
				if diff := cmp.Diff(first, got); diff != "" {
					t.Errorf("outputs differ:\n%s", diff)
				}
				if _, err := os.Stat(filepath.Join(filepath.Dir(o.Output), "out.png")); err == nil {
					t.Error("a picture was written outside of the output")
				}
				again := want
				again.Skipped = again.Colored
				wantCounts(t, mustRun(t, o), again)
			})
		}
	}
}

// tree lists everything at and below a path, with sizes.
func tree(t *testing.T, path string) []string {
	t.Helper()
	out := []string{}
	if _, err := os.Lstat(path); err != nil {
		return out
	}
	err := filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && !e.IsDir() {
			path = fmt.Sprintf("%s (%d bytes)", path, info.Size())
		}
		out = append(out, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRequests lists what cannot work: a request error that names the value,
// and nothing
// new in the output.
func TestRequests(t *testing.T) {
	t.Parallel()
	pictures := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1))})
	file := filepath.Join(t.TempDir(), "file.dat")
	if err := os.WriteFile(file, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	holds := func(names ...string) string {
		dir := t.TempDir()
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	other := holds("a.png")
	tests := []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"no input", func(o *Options) { o.Input = filepath.Join(pictures, "none") }, "there is no such file"},
		{"empty folder", func(o *Options) { o.Input = t.TempDir() }, "holds no pictures"},
		{"empty folder, overwriting", func(o *Options) { o.Input, o.Overwrite = t.TempDir(), true }, "holds no pictures"},
		{"empty folder into a folder", func(o *Options) { o.Input, o.Output = t.TempDir(), t.TempDir() }, "holds no pictures"},
		{"empty folder into a zip", func(o *Options) { o.Input, o.Output = t.TempDir(), filepath.Join(t.TempDir(), "x.zip") }, "holds no pictures"},
		{"no source", func(o *Options) { o.Input = file }, "it must be a folder, an archive (zip, tar, tar.gz) or a list"},
		{"no output", func(o *Options) { o.Output = "" }, "output must name"},
		{"batch", func(o *Options) { o.Batch = 0 }, "batch must be in [1, 1024], got 0"},
		{"quality", func(o *Options) { o.Quality = 0 }, "quality must be in [1, 100], got 0"},
		{"format", func(o *Options) { o.Format = "gif" }, `format must be same, jpeg or png, got "gif"`},
		{"checkpoint", func(o *Options) { o.Checkpoint = "first" }, `checkpoint must be last, best or ema, got "first"`},
		{"runner", func(o *Options) { o.Runner = "none" }, "runner"},
		{"backend", func(o *Options) { o.Backend = "abacus" }, "abacus"},
		{"model", func(o *Options) { o.Model = t.TempDir() }, ""},
		{"output is the input", func(o *Options) { o.Output = o.Input }, "must not be the input"},
		{"output inside the input", func(o *Options) { o.Output = filepath.Join(o.Input, "out") }, "must not lie inside the input"},
		{"input inside the output", func(o *Options) { o.Output = filepath.Dir(o.Input) }, "must not lie inside the output"},
		{"output is a file", func(o *Options) { o.Output = file }, ""},
		{"output below a file", func(o *Options) { o.Output = filepath.Join(file, "out") }, ""},
		{"zip is a folder", func(o *Options) {
			o.Output = filepath.Join(t.TempDir(), "out.zip")
			if err := os.Mkdir(o.Output, 0o755); err != nil {
				t.Fatal(err)
			}
		}, "overwrite"},
		{"foreign picture", func(o *Options) { o.Output = other }, `did not write, such as "a.png": use -overwrite`},
		{"foreign report", func(o *Options) { o.Output = holds("report.html") }, "use -overwrite"},
		{"foreign zip", func(o *Options) { o.Output = filepath.Join(holds("x.zip"), "x.zip") }, "use -overwrite"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := tiny(t, pictures, filepath.Join(t.TempDir(), "out"))
			tt.change(&o)
			before := append(tree(t, o.Output), tree(t, o.Output+".report")...)
			_, err := Run(t.Context(), o)
			if diff := cmp.Diff(before, append(tree(t, o.Output), tree(t, o.Output+".report")...)); diff != "" {
				t.Errorf("the refused request changed the output:\n%s", diff)
			}
			if err == nil || !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v (a request's: %v), want one with %q", err, fault.IsRequest(err), tt.want)
			}
		})
	}
	if got := readText(t, other, "a.png"); got != "mine" {
		t.Errorf("the foreign picture is now %q", got)
	}
}

// TestUnwritableOutput has places that nobody may write to, whatever the rights.
func TestUnwritableOutput(t *testing.T) {
	t.Parallel()
	pictures := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1))})
	outputs := map[string]string{
		"records are a file": writeFolder(t, map[string][]byte{stateName: []byte("mine")}),
		"plan is a file":     writeFolder(t, map[string][]byte{stateName + "/plan": []byte("mine")}),
		"report is a file":   filepath.Join(writeFolder(t, map[string][]byte{"x.zip.report": []byte("mine")}), "x.zip"),
	}
	if runtime.GOOS == "linux" {
		outputs["system folder"] = "/proc/chromabeam/out"
		outputs["system archive"] = "/proc/chromabeam/out.zip"
	}
	for name, output := range outputs {
		t.Run(name, func(t *testing.T) {
			for _, overwrite := range []bool{false, true} {
				o := tiny(t, pictures, output)
				o.Overwrite = overwrite
				if _, err := Run(t.Context(), o); !fault.IsRequest(err) {
					t.Errorf("error %v (overwriting: %v), want a request error", err, overwrite)
				}
			}
		})
	}
}

// TestOverwrite: what the job has not written stays, unless overwriting is
// allowed; then it is replaced, and belongs to the job from then on.
func TestOverwrite(t *testing.T) {
	t.Parallel()
	pictures := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1)), "b.png": pngBytes(t, gray(9, 9, 2))})
	o := tiny(t, pictures, t.TempDir())
	if err := os.WriteFile(filepath.Join(o.Output, "b.png"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a refused run must not claim the name for the next
		if _, err := Run(t.Context(), o); !fault.IsRequest(err) {
			t.Fatalf("error %v, want a request error", err)
		}
		if readText(t, o.Output, "b.png") != "mine" {
			t.Fatal("the foreign picture is gone")
		}
	}
	o.Overwrite = true
	wantCounts(t, mustRun(t, o), counts{2, 2, 0, 0})
	o.Overwrite = false
	wantCounts(t, mustRun(t, o), counts{2, 2, 2, 0})
	// The job's own files it may replace: a lost one is made again.
	want := sums(t, o.Output)
	if err := os.Remove(filepath.Join(o.Output, "a.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Output, "b.png"), []byte("cut"), 0o644); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, mustRun(t, o), counts{2, 2, 0, 0})
	if diff := cmp.Diff(want, sums(t, o.Output)); diff != "" {
		t.Errorf("pictures made again differ:\n%s", diff)
	}
}

// TestAnotherJob: a changed model or setting is refused and named.
func TestAnotherJob(t *testing.T) {
	t.Parallel()
	pictures := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1))})
	for _, output := range []string{"out", "out.zip"} {
		o := tiny(t, pictures, filepath.Join(t.TempDir(), output))
		wantCounts(t, mustRun(t, o), counts{1, 1, 0, 0})
		for name, change := range map[string]func(*Options){
			"quality: 90, now 80": func(o *Options) { o.Quality = 80 },
			"format: same, now":   func(o *Options) { o.Format = FormatPNG },
			"model hash: ":        func(o *Options) { o.Model = modeltest.Write(t, modeltest.TinyConfig(), 2) },
			"input: ":             func(o *Options) { o.Input = writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1))}) },
		} {
			other := o
			change(&other)
			if _, err := Run(t.Context(), other); !fault.IsRequest(err) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: error %v, want a request error with %q", output, err, name)
			}
			if strings.HasPrefix(name, "model") {
				other.Overwrite = true
				wantCounts(t, mustRun(t, other), counts{1, 1, 0, 0})
				o.Overwrite = true
				wantCounts(t, mustRun(t, o), counts{1, 1, 0, 0})
				o.Overwrite = false
			}
		}
	}
}

// TestInputGrows adds, changes and removes pictures between runs, and wants
// what a single run over the last state makes.
func TestInputGrows(t *testing.T) {
	t.Parallel()
	for _, output := range []string{"out", "out.zip", "out.tar"} {
		t.Run(output, func(t *testing.T) {
			files := mixed(t)
			o := tiny(t, writeFolder(t, files), filepath.Join(t.TempDir(), output))
			n := int64(len(files))
			mustRun(t, o)
			change := func(name string, data []byte) {
				path := filepath.Join(o.Input, name)
				if err := os.WriteFile(path, data, 0o644); err != nil {
					t.Fatal(err)
				}
				old := time.Now().Add(-time.Hour) // another time than before, whatever the clock's grain
				if err := os.Chtimes(path, old, old); err != nil {
					t.Fatal(err)
				}
			}
			change("new.png", pngBytes(t, gray(11, 11, 50)))
			change("a.png", pngBytes(t, gray(20, 20, 51)))
			change("broken.png", []byte("text"))
			if err := os.Remove(filepath.Join(o.Input, "one.png")); err != nil {
				t.Fatal(err)
			}
			wantCounts(t, mustRun(t, o), counts{n + 1, n, n - 2, 1})
			wantCounts(t, mustRun(t, o), counts{n + 1, n, n, 1})
			whole := o
			whole.Output = filepath.Join(t.TempDir(), output)
			mustRun(t, whole)
			if output != "out" {
				if fileSum(t, o.Output) != fileSum(t, whole.Output) {
					t.Error("the archive differs from one made at once")
				}
				return
			}
			want := sums(t, whole.Output)
			want["one.png"] = sums(t, o.Output)["one.png"] // stays where it was
			if diff := cmp.Diff(want, sums(t, o.Output)); diff != "" {
				t.Errorf("the folder differs from one made at once:\n%s", diff)
			}
		})
	}
}

// TestTransientRejectsAreRetried: a picture that has no place in the output is
// tried again by the next run, which finds the place free.
func TestTransientRejectsAreRetried(t *testing.T) {
	t.Parallel()
	o := tiny(t, writeFolder(t, map[string][]byte{"d/a.png": pngBytes(t, gray(9, 9, 1)), "b.png": pngBytes(t, gray(9, 9, 2))}), t.TempDir())
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(o.Output, "d")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	_, err := Run(t.Context(), o)
	if err == nil {
		t.Fatal("a symbolic link out of the output was followed or skipped in silence")
	}
	o.Overwrite = true
	wantCounts(t, mustRun(t, o), counts{2, 1, 0, 1})
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("written outside of the output: %v, %v", entries, err)
	}
	if err := os.Remove(filepath.Join(o.Output, "d")); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, mustRun(t, o), counts{2, 2, 1, 0})
}

// TestInterrupted cancels a run in its middle; the next one ends it.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	files := mixed(t)
	n := int64(len(files))
	for _, runner := range []string{"direct", "prism"} {
		t.Run(runner, func(t *testing.T) {
			o := tiny(t, writeFolder(t, files), filepath.Join(t.TempDir(), "out"))
			o.Runner = runner
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o.Progress = func(p progress.State) {
				done, total := p.Done, p.Total
				if done > 0 && total == n {
					cancel()
				}
			}
			if _, err := Run(ctx, o); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v, want %v", err, context.Canceled)
			}
			o.Progress = nil
			got := mustRun(t, o)
			got.Skipped = 0
			wantCounts(t, got, counts{n, n, 0, 0})
			whole := o
			whole.Output = filepath.Join(t.TempDir(), "out")
			mustRun(t, whole)
			if diff := cmp.Diff(sums(t, whole.Output), sums(t, o.Output)); diff != "" {
				t.Errorf("an interrupted run's pictures differ:\n%s", diff)
			}
		})
	}
}
