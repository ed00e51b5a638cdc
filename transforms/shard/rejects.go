// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// RejectsName is the name of the file that lists the pictures that were not
// used, one JSON object a line.
const RejectsName = "rejects.jsonl"

// WriteRejects publishes rejects.jsonl in st, in the order given. Without
// rejects the file is there and empty.
func WriteRejects(ctx context.Context, st store.Store, rejects []fault.Reject) error {
	_, err := PublishRejects(ctx, st, store.Anything(), slices.Values(rejects))
	return err
}

// PublishRejects is [WriteRejects] under a condition, for rejects that need not
// be in memory together.
func PublishRejects(
	ctx context.Context, st store.Store, c store.Condition, rejects iter.Seq[fault.Reject],
) (store.Info, error) {
	return st.Publish(ctx, RejectsName, c, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for r := range rejects {
			if err := e.Encode(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReadRejects reads the rejects.jsonl of st.
func ReadRejects(ctx context.Context, st store.Store) ([]fault.Reject, error) {
	var out []fault.Reject
	err := EachReject(ctx, st, func(r fault.Reject) error {
		out = append(out, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// EachReject calls yield for the lines of st's rejects.jsonl in order, holding
// one at a time. It ends with yield's first error.
func EachReject(ctx context.Context, st store.Store, yield func(fault.Reject) error) error {
	f, err := st.Stream(ctx, RejectsName)
	if err != nil {
		return fmt.Errorf("reading rejects: %w", unread(err))
	}
	defer func() { _ = f.Close() }() // read only
	in := bufio.NewReaderSize(&marking{f}, 1<<16)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if len(line) == 0 && errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading %q of %q: %w", RejectsName, st.URI(), err)
		}
		var r fault.Reject
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("reading %q of %q: line %d: %w", RejectsName, st.URI(), n, err)
		}
		if err := yield(r); err != nil {
			return err
		}
	}
}
