// SPDX-License-Identifier: Apache-2.0

package flink

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// program is the built binary in a working directory of its own, where all paths that
// it is given are relative.
type program struct{ binary, dir string }

func newProgram(t *testing.T) program {
	t.Helper()
	p := program{os.Getenv(programVariable), t.TempDir()}
	if p.binary == "" {
		p.binary = filepath.Join(t.TempDir(), "chromabeam")
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", p.binary, "../../cmd/chromabeam").CombinedOutput(); err != nil {
			t.Fatalf("building: %v\n%s", err, out)
		}
	}
	return p
}

// command is a call of the program that ends with the context.
func (p program) command(ctx context.Context, args ...string) (cmd *exec.Cmd, out, errs *bytes.Buffer) {
	cmd = exec.CommandContext(ctx, p.binary, args...)
	cmd.Dir = p.dir
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, errs
	return cmd, out, errs
}

// run calls the program and returns the JSON that it prints. Exit code 3 says that there
// were rejects.
func (p program) run(t *testing.T, args ...string) summary {
	t.Helper()
	cmd, out, errs := p.command(t.Context(), args...)
	return p.result(t, cmd, cmd.Run(), out, errs)
}

func (p program) result(t *testing.T, cmd *exec.Cmd, err error, out, errs *bytes.Buffer) summary {
	t.Helper()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 0 && cmd.ProcessState.ExitCode() != 3 {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args[1:], " "), err, errs)
	}
	s := summary{}
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		t.Fatalf("%s printed %q: %v", strings.Join(cmd.Args[1:], " "), out, err)
	}
	s.drop()
	return s
}

// summary is what a command prints, apart from what differs from run to run.
type summary map[string]any

func (s summary) drop() {
	for _, name := range []string{"seconds", "pictures_per_second", "report", "report_json", "rejects_file"} {
		delete(s, name)
	}
}

// outputs returns the checksum of each file below a folder that is the same in every
// run of a job. Records in .chromabeam hold versions of files and the names of those who
// wrote them; reports hold times.
func (p program) outputs(t *testing.T, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	root := filepath.Join(p.dir, dir)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.Contains(path, "/.chromabeam/") {
			if strings.HasSuffix(path, ".tmp") || filepath.Base(filepath.Dir(path)) == "tmp" {
				t.Errorf("temporary file %q is left", path)
			}
			return nil
		}
		if slices.Contains([]string{"report.html", "report.json"}, d.Name()) {
			return nil
		}
		data, err := os.ReadFile(path)
		name, err2 := filepath.Rel(root, path)
		sum := sha256.Sum256(data)
		sums[filepath.ToSlash(name)] = hex.EncodeToString(sum[:])
		return errors.Join(err, err2)
	})
	if err != nil || len(sums) == 0 {
		t.Fatalf("%d outputs in %q: %v", len(sums), root, err)
	}
	return sums
}

// digest is one checksum for all outputs.
func digest(sums map[string]string) string {
	h := sha256.New()
	names := make([]string, 0, len(sums))
	for name := range sums {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(h, "%s  %s\n", sums[name], name)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// work is what a bulk job's report says that its bundles did, which came through the
// runner's shuffle.
func (p program) work(t *testing.T, dir string) (colored, rejects int64) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, dir, "report.json"))
	var r struct {
		Work struct {
			Colored int64 `json:"colored"`
			Rejects int64 `json:"rejects"`
		} `json:"work"`
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r.Work.Colored, r.Work.Rejects
}

// damaged is how many pictures of [program.pictures] are.
const damaged = 2

// pictures makes n pictures of a size in a folder, a fifth of them PNG, and some more
// that are damaged. It returns the bytes that they take.
func (p program) pictures(t *testing.T, dir string, n, width, height int) (total int64) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(p.dir, dir), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) {
		total += int64(len(data))
		if err := os.WriteFile(filepath.Join(p.dir, dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		var buf bytes.Buffer
		m, name := picture(uint64(i), width, height), fmt.Sprintf("%04d.jpg", i)
		var err error
		if i%5 == 0 {
			name = fmt.Sprintf("%04d.png", i)
			err = png.Encode(&buf, m)
		} else {
			err = jpeg.Encode(&buf, m, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		write(name, buf.Bytes())
	}
	write("empty.png", nil)
	write("text.jpg", []byte("this is no picture"))
	return total
}

// picture is a gradient with circles, another one for each seed.
func picture(seed uint64, width, height int) image.Image {
	random := rand.New(rand.NewPCG(seed, 1))
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	r, g, b := random.IntN(256), random.IntN(256), random.IntN(256)
	x0, y0, radius := random.IntN(width), random.IntN(height), 4+random.IntN(width)
	for y := range height {
		for x := range width {
			c := color.RGBA{uint8(r + x), uint8(g + y), uint8(b + x*y>>4), 255}
			if dx, dy := x-x0, y-y0; dx*dx+dy*dy < radius*radius/4 {
				c.R, c.B = c.B, c.R
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}
