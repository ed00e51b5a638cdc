// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// archiveRecord says that an archive is whole. It is written as NEXT before the
// archive gets its name, and as archive.json when it has it.
type archiveRecord struct {
	Model   string `json:"model"`
	Job     string `json:"job"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Members int    `json:"members"`
	// Index is the file with a line for each member.
	Index string `json:"index"`
	// Version is the archive's file, not known to NEXT.
	Version string `json:"version,omitempty"`
}

// The names of the records of an archive.
const (
	archiveFile   = stateFolder + "archive.json"
	nextPrefix    = stateFolder + "archive-next-"
	membersPrefix = stateFolder + "archive-members-"
)

// readArchive finds out whether a finished archive of an earlier run is there,
// whose pictures may be used again.
func (d *driver) readArchive(ctx context.Context) error {
	d.archive, d.reusable, d.members = archiveRecord{}, false, nil
	there, err := d.beside.Stat(ctx, d.archiveName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at output: %w", err)
	}
	names, err := d.archiveRecords(ctx)
	sum := ""
	for _, name := range names {
		data, err := d.st.ReadFile(ctx, name)
		if err != nil {
			return fmt.Errorf("reading the record of an archive: %w", err)
		}
		var r archiveRecord
		if json.Unmarshal(data, &r) != nil || r.Index == "" || r.Bytes != there.Size ||
			r.Model != d.job.ModelHash || r.Job != d.job.hash() {
			continue
		}
		if r.Version != there.Version && sum == "" { // moved or touched, or not known to be finished
			if sum, err = archiveSum(ctx, d.beside, d.archiveName); err != nil {
				return err
			}
		}
		if r.Version == there.Version || r.SHA256 == sum {
			d.archive, d.reusable = r, true
			d.archive.Version = there.Version
			d.unrecorded = r.Version != there.Version || len(names) > 1 // what a killed run has left is to go
			d.members, err = readMembers(ctx, d.st, r)
			return err
		}
	}
	return err
}

// readMembers reads the index of an archive, some 15 bytes a picture.
func readMembers(ctx context.Context, st store.Store, r archiveRecord) (map[uint64]struct{}, error) {
	tags := make(map[uint64]struct{}, r.Members)
	for m, err := range plan.Lines[packed](ctx, st, r.Index) {
		if err != nil {
			return nil, fmt.Errorf("reading the index of an archive: %w", err)
		}
		tags[m.tag()] = struct{}{}
	}
	return tags, nil
}

// archiveRecords returns the names of the records of archives that may be there.
func (d *driver) archiveRecords(ctx context.Context) ([]string, error) {
	infos, err := d.st.List(ctx, stateName)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, i := range infos {
		if i.Name == archiveFile || strings.HasPrefix(i.Name, nextPrefix) {
			names = append(names, i.Name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { // archive.json first
		return strings.Compare(strings.TrimPrefix(a, nextPrefix), strings.TrimPrefix(b, nextPrefix))
	})
	return names, nil
}

// archiveSum reads a file and returns its SHA-256.
func archiveSum(ctx context.Context, st store.Store, name string) (string, error) {
	r, err := st.Stream(ctx, name)
	if err != nil {
		return "", fmt.Errorf("opening the archive of an earlier run: %w", err)
	}
	h := sha256.New()
	_, err = io.Copy(h, r)
	if err := errors.Join(err, r.Close()); err != nil {
		return "", fmt.Errorf("reading the archive of an earlier run: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// settleArchive records the archive as finished, and removes what belongs to
// archives that are no more.
func (d *driver) settleArchive(ctx context.Context) error {
	if err := d.recordArchive(ctx, archiveFile, d.archive); err != nil {
		return err
	}
	failpoint.Hit(fpArchiveRecorded)
	d.unrecorded = false
	infos, err := d.st.List(ctx, stateName)
	if err != nil {
		return err
	}
	var drop []string
	for _, i := range infos {
		if strings.HasPrefix(i.Name, nextPrefix) || strings.HasPrefix(i.Name, membersPrefix) && i.Name != d.archive.Index {
			drop = append(drop, i.Name)
		}
	}
	return d.st.Remove(ctx, drop...)
}

func (d *driver) recordArchive(ctx context.Context, name string, r archiveRecord) error {
	if err := d.rights().Check(ctx, d.st); err != nil {
		return err
	}
	_, err := d.st.Publish(ctx, name, store.Anything(), func(w io.Writer) error { return report.WriteJSON(w, r) })
	return err
}
