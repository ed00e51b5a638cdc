// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/store"
)

const statsSuffix = "_stats.json"

// Stats describes one complete shard. Its file is the shard's commit marker: a
// tar without it is not there.
type Stats struct {
	// Shard is the tar's file name, such as "train-000000.tar".
	Shard   string `json:"shard"`
	Samples int    `json:"samples"`
	// Bytes and SHA256 (hexadecimal) are those of the tar.
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	// Settings is a hash of everything that the tar's bytes depend on; a
	// resumed job makes a shard anew where it differs.
	Settings string `json:"settings,omitempty"`
	// Filtered counts the pictures that the job's own filters left out: they
	// are among the rejects, with stage [fault.StageFilter].
	Filtered int `json:"filtered,omitempty"`
	// Rejects are the pictures planned for this shard that were not used.
	Rejects []fault.Reject `json:"rejects,omitempty"`
}

// Transient returns the number of rejects that another try may turn into
// pictures.
func (s Stats) Transient() int {
	n := 0
	for _, r := range s.Rejects {
		if r.Transient {
			n++
		}
	}
	return n
}

// Validate returns everything that makes the stats unusable.
func (s Stats) Validate() error {
	var errs []error
	if err := checkShardName(s.Shard); err != nil {
		errs = append(errs, err)
	}
	if s.Samples < 0 || s.Bytes < 0 {
		errs = append(errs, fmt.Errorf("samples and bytes must not be negative, got %d and %d", s.Samples, s.Bytes))
	}
	if s.Filtered < 0 || s.Filtered > len(s.Rejects) {
		errs = append(errs, fmt.Errorf("filtered must be in [0, %d], the number of rejects, got %d", len(s.Rejects), s.Filtered))
	}
	if sum, err := hex.DecodeString(s.SHA256); err != nil || len(sum) != 32 {
		errs = append(errs, fmt.Errorf("sha256 must be 64 hexadecimal digits, got %q", s.SHA256))
	}
	return errors.Join(errs...)
}

// WriteStats publishes the stats of a shard in st, which commits the shard.
func WriteStats(ctx context.Context, st store.Store, s Stats) error {
	_, err := PublishStats(ctx, st, store.Anything(), s)
	return err
}

// PublishStats is [WriteStats] under a condition.
func PublishStats(ctx context.Context, st store.Store, c store.Condition, s Stats) (store.Info, error) {
	if err := s.Validate(); err != nil {
		return store.Info{}, fmt.Errorf("writing stats: %w", err)
	}
	return publishJSON(ctx, st, c, StatsName(s.Shard), s)
}

// ReadStats reads and checks the stats of the named shard in st. It does not
// look at the tar; an error that wraps [io/fs.ErrNotExist] says that the shard
// was never committed.
func ReadStats(ctx context.Context, st store.Store, shard string) (Stats, error) {
	data, err := st.ReadFile(ctx, StatsName(shard))
	if err != nil {
		return Stats{}, fmt.Errorf("reading stats: %w", unread(err))
	}
	s, err := ParseStats(data)
	if err == nil && s.Shard != shard {
		err = fmt.Errorf("the stats are those of %q", s.Shard)
	}
	if err != nil {
		return Stats{}, fmt.Errorf("reading %q of %q: %w", StatsName(shard), st.URI(), err)
	}
	return s, nil
}

// ParseStats parses and checks the bytes of a stats file.
func ParseStats(data []byte) (Stats, error) {
	var s Stats
	if err := json.Unmarshal(data, &s); err != nil {
		return Stats{}, err
	}
	return s, s.Validate()
}
