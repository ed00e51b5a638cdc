// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Problem is one thing that is wrong with a data set.
type Problem struct {
	// File is the file's name inside the folder, Sample a key or "".
	File   string `json:"file"`
	Sample string `json:"sample,omitempty"`
	Text   string `json:"problem"`
}

// String returns "FILE: SAMPLE: TEXT".
func (p Problem) String() string {
	if p.Sample == "" {
		return p.File + ": " + p.Text
	}
	return p.File + ": " + p.Sample + ": " + p.Text
}

// Report is what [Verify] found. The counts are those of what was read, not of
// what the description claims.
type Report struct {
	Info     Info           `json:"info"`
	Shards   int            `json:"shards"`
	Samples  int            `json:"samples"`
	Bytes    int64          `json:"bytes"`
	Splits   map[string]int `json:"splits"` // samples by split
	Problems []Problem      `json:"problems"`
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return len(r.Problems) == 0 }

// Verify reads every shard of the data set in dir once, as a stream, and
// compares checksums, stats, counts, keys, metadata and the pictures' sizes
// with each other. It lists all problems; the error is for a folder without a
// readable description (a request error where there is none) and for ctx.
//
// It remembers 16 bytes a sample, to find one that occurs twice.
func Verify(ctx context.Context, dir string) (Report, error) {
	info, err := ReadInfo(dir)
	if err != nil {
		return Report{}, noDataset(dir, err)
	}
	v := verifier{dir: dir, report: Report{Info: info, Splits: map[string]int{}}, seen: map[[16]byte]string{}}
	for _, split := range info.Splits {
		v.report.Splits[split.Name] = 0
		for _, sh := range split.Shards {
			if err := ctx.Err(); err != nil {
				return v.report, err
			}
			v.shard(ctx, split.Name, sh)
		}
	}
	if err := ctx.Err(); err != nil {
		return v.report, err
	}
	v.strays()
	v.rejects()
	return v.report, nil
}

// verifier collects problems.
type verifier struct {
	dir    string
	report Report
	// seen maps the first half of a key's hash to the split that has it.
	seen map[[16]byte]string
}

func (v *verifier) problemf(file, sample, format string, args ...any) {
	v.report.Problems = append(v.report.Problems, Problem{file, sample, fmt.Sprintf(format, args...)})
}

// shard checks one tar against its stats and its entry in the description.
func (v *verifier) shard(ctx context.Context, split string, sh FileInfo) {
	v.stats(sh)
	f, err := os.Open(filepath.Join(v.dir, sh.Name))
	if err != nil {
		v.problemf(sh.Name, "", "%s", cause(err))
		return
	}
	defer func() { _ = f.Close() }() // read only
	v.report.Shards++
	sum := sha256.New()
	r := &counting{alive: ctx.Err, r: io.TeeReader(bufio.NewReaderSize(f, 1<<18), sum)}
	n := v.samples(split, sh.Name, NewReader(r))
	// The rest behind a damaged member belongs to the checksum too.
	if _, err := io.Copy(io.Discard, r); err != nil && ctx.Err() == nil {
		v.problemf(sh.Name, "", "reading: %s", cause(err))
	}
	if ctx.Err() != nil {
		return
	}
	v.report.Samples += n
	v.report.Bytes += r.n
	v.report.Splits[split] += n
	if r.n != sh.Bytes {
		v.problemf(sh.Name, "", "it has %d bytes, %s says %d", r.n, InfoName, sh.Bytes)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != sh.SHA256 {
		v.problemf(sh.Name, "", "its SHA-256 is %s, %s says %s", got, InfoName, sh.SHA256)
	}
	if n != sh.Samples {
		v.problemf(sh.Name, "", "it holds %d whole samples, %s says %d", n, InfoName, sh.Samples)
	}
}

// stats compares a shard's stats with its entry.
func (v *verifier) stats(sh FileInfo) {
	st, err := ReadStats(v.dir, sh.Name)
	if err != nil {
		v.problemf(StatsName(sh.Name), "", "%s", cause(err))
		return
	}
	if got := (FileInfo{st.Shard, st.Samples, st.Bytes, st.SHA256}); got != sh {
		v.problemf(StatsName(sh.Name), "", "its counts or checksum differ from %s", InfoName)
	}
}

// samples checks each sample and returns how many are whole.
func (v *verifier) samples(split, file string, r *Reader) int {
	n, last := 0, ""
	for {
		s, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			var bad *SampleError
			if !errors.As(err, &bad) {
				if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
					return n // Verify returns it
				}
				v.problemf(file, "", "%s", cause(err))
				return n
			}
			v.problemf(file, bad.Key, "%s", bad.Err)
			continue
		}
		n++
		if s.Key <= last {
			v.problemf(file, s.Key, "keys do not ascend: it follows %s", last)
		}
		last = s.Key
		for _, text := range checkSample(s, split, v.report.Info) {
			v.problemf(file, s.Key, "%s", text)
		}
		sum := sha256.Sum256([]byte(s.Key))
		id := [16]byte(sum[:16])
		if other, ok := v.seen[id]; ok && other != split {
			v.problemf(file, s.Key, "it is in split %s too", other)
		} else if ok {
			v.problemf(file, s.Key, "it occurs twice")
		}
		v.seen[id] = split
	}
}

// strays finds shards that the description does not list.
func (v *verifier) strays() {
	listed := map[string]bool{}
	for _, split := range v.report.Info.Splits {
		for _, sh := range split.Shards {
			listed[sh.Name], listed[StatsName(sh.Name)] = true, true
		}
	}
	entries, err := os.ReadDir(v.dir)
	if err != nil {
		v.problemf(".", "", "%s", cause(err))
		return
	}
	for _, e := range entries {
		name := e.Name()
		if checkShardName(strings.TrimSuffix(name, statsSuffix)+suffixFor(name)) == nil && !listed[name] {
			v.problemf(name, "", "%s does not list it", InfoName)
		}
	}
}

// suffixFor completes a stats file's stem to its shard's name.
func suffixFor(name string) string {
	if strings.HasSuffix(name, statsSuffix) {
		return ".tar"
	}
	return ""
}

// rejects compares the number of rejects.
func (v *verifier) rejects() {
	list, err := ReadRejects(v.dir)
	if errors.Is(err, fs.ErrNotExist) && v.report.Info.Rejects == 0 {
		return
	}
	if err != nil {
		v.problemf(RejectsName, "", "%s", cause(err))
	} else if len(list) != v.report.Info.Rejects {
		v.problemf(RejectsName, "", "it has %d lines, %s says %d", len(list), InfoName, v.report.Info.Rejects)
	}
}

// counting counts what is read and ends when alive says so.
type counting struct {
	alive func() error
	r     io.Reader
	n     int64
}

func (c *counting) Read(b []byte) (int, error) {
	if err := c.alive(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// cause shortens "open /long/path: no such file" to what is new.
func cause(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "it is missing"
	}
	return err.Error()
}
