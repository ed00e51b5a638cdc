// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// segmentsAhead is how many segments are fetched at once: under gs:// each is a
// request, nearly all of which is waiting. A segment has some 400 kB.
const segmentsAhead = 16

// segment is a file of the ledger as it was read.
type segment struct {
	name string
	data []byte
	err  error
}

// eachLine calls visit for every line of the ledger from a run on, segment after
// segment in the order of runs: of two lines with one key the later counts.
func eachLine(ctx context.Context, st store.Store, from int, visit func(l line, run int) error) error {
	infos, err := listSegments(ctx, st, from)
	if err != nil {
		return err
	}
	return eachLineOf(ctx, st, infos, visit)
}

// listSegments returns the segments of the runs from one on, in the order of
// runs, which in the millions is not that of names.
func listSegments(ctx context.Context, st store.Store, from int) ([]store.Info, error) {
	infos, err := st.List(ctx, ledgerFolder)
	if err != nil {
		return nil, err
	}
	infos = slices.DeleteFunc(infos, func(i store.Info) bool {
		return !strings.HasSuffix(i.Name, ".jsonl") || runOf(i.Name) < from
	})
	slices.SortStableFunc(infos, func(a, b store.Info) int { return cmp.Compare(runOf(a.Name), runOf(b.Name)) })
	return infos, nil
}

// eachLineOf is eachLine for some of the segments.
func eachLineOf(ctx context.Context, st store.Store, infos []store.Info, visit func(l line, run int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	segments := make(chan chan segment, segmentsAhead)
	work.Go(func() {
		defer close(segments)
		for _, i := range infos {
			name := i.Name
			c := make(chan segment, 1)
			select {
			case segments <- c:
			case <-ctx.Done():
				return
			}
			work.Go(func() {
				data, err := st.ReadFile(ctx, name)
				c <- segment{name, data, err}
			})
		}
	})
	for c := range segments {
		s := <-c
		if s.err != nil {
			return fmt.Errorf("reading record %q: %w", st.URI()+"/"+s.name, s.err)
		}
		if err := s.each(visit); err != nil {
			return fmt.Errorf("reading record %q: %w; remove it and use -overwrite to make its pictures again", st.URI()+"/"+s.name, err)
		}
	}
	return ctx.Err()
}

func (s segment) each(visit func(l line, run int) error) error {
	run := runOf(s.name)
	for d := json.NewDecoder(bytes.NewReader(s.data)); ; {
		var l line
		err := d.Decode(&l)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = visit(l, run)
		}
		if err != nil {
			return err
		}
	}
}
