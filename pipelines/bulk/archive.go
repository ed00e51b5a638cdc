// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/zip"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// partSize is about how many pictures go into one part of an archive: what a
// killed run has to do again at most.
const partSize = 1000

func partCount(pictures int64) int { return int((pictures + partSize - 1) / partSize) }

// storedHeader describes a member that is stored as it is. Pictures are
// compressed already, and times would make equal archives differ.
func storedHeader(name string, data []byte) *zip.FileHeader {
	h := &zip.FileHeader{
		Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(data),
		CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data)),
		// 1980-01-01, the first day that zip knows: zero is no date, and the field
		// that replaces this one would add the time once more as an extra.
		ModifiedDate: 1<<5 | 1, //nolint:staticcheck // see above
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		h.Flags |= 0x800 // the name is UTF-8
	}
	h.CreatorVersion, h.ReaderVersion = 20, 20
	return h
}

// archiveRecord is archive.json: the archive is whole, and what it was made
// from.
type archiveRecord struct {
	Listing string `json:"listing"`
	Model   string `json:"model"`
	Job     string `json:"job"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
}

// readArchive returns the record of the finished archive if there is one and it
// fits the job and the file.
func (l layout) readArchive(j job) (r archiveRecord, ok bool) {
	data, err := os.ReadFile(l.finished())
	if err != nil || json.Unmarshal(data, &r) != nil {
		return r, false
	}
	info, err := os.Stat(l.Output)
	return r, err == nil && info.Size() == r.Bytes && r.Model == j.ModelHash && r.Job == j.hash()
}

// intact reports whether the archive's bytes are those of its record.
func (l layout) intact(r archiveRecord) (bool, error) {
	f, err := os.Open(l.Output)
	if err != nil {
		return false, fmt.Errorf("opening the archive of an earlier run: %w", err)
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return false, fmt.Errorf("reading the archive of an earlier run: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)) == r.SHA256, nil
}

// parted is an archive's parts, opened.
type parted struct {
	zips    []*zip.ReadCloser
	members []*zip.File
	lines   []line
}

func (l layout) openParts(plan string, parts int) (p *parted, err error) {
	p = &parted{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	for i := range parts {
		name := l.partName(plan, fmt.Sprintf("%05d", i), parts)
		r, err := readPart(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // no picture fell to it
		}
		if err != nil {
			return p, err
		}
		z, err := zip.OpenReader(name + ".zip")
		if err != nil {
			return p, fmt.Errorf("opening part %q: %w", name, err)
		}
		p.zips = append(p.zips, z)
		p.members = append(p.members, z.File...)
		p.lines = append(p.lines, r.Lines...)
	}
	slices.SortFunc(p.members, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(p.lines, func(a, b line) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Key, b.Key))
	})
	return p, nil
}

func (p *parted) close() error {
	var errs []error
	for _, z := range p.zips {
		errs = append(errs, z.Close())
	}
	return errors.Join(errs...)
}

// assemble joins the parts to the archive: raw members sorted by name, so that
// the number of parts leaves no trace.
func (l layout) assemble(ctx context.Context, sp spec) (err error) {
	p, err := l.openParts(sp.Plan, sp.Parts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	h := sha256.New()
	size := &counter{}
	err = l.publishResult(l.Output, func(w io.Writer) error {
		z := zip.NewWriter(io.MultiWriter(w, h, size))
		for _, m := range p.members {
			if err := cmp.Or(ctx.Err(), z.Copy(m)); err != nil {
				return err
			}
		}
		return z.Close()
	}, func() { failpoint.Hit(fpArchiveWritten) })
	if err != nil {
		return fmt.Errorf("writing %q: %w", l.Output, err)
	}
	failpoint.Hit(fpArchiveRenamed)
	if len(p.lines) > 0 {
		if err := l.writeSegment(sp.Run, "archive", 0, p.lines); err != nil {
			return err
		}
	}
	r := archiveRecord{Listing: sp.Plan, Model: sp.Model, Job: sp.Hash, Bytes: size.n, SHA256: hex.EncodeToString(h.Sum(nil))}
	if err := l.publish(l.finished(), func(w io.Writer) error { return report.WriteJSON(w, r) }); err != nil {
		return err
	}
	failpoint.Hit(fpArchiveRecorded)
	return nil
}

// counter counts bytes.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// dropParts removes the parts of other listings, or with keep empty all.
func (l layout) dropParts(keep string) error {
	entries, err := os.ReadDir(l.parts())
	for _, e := range entries {
		if e.Name() != keep {
			err = errors.Join(err, os.RemoveAll(filepath.Join(l.parts(), e.Name())))
		}
	}
	if err != nil {
		return fmt.Errorf("removing parts: %w", err)
	}
	return nil
}
