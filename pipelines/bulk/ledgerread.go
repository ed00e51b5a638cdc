// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	all, err := listDir(ctx, st, ledgerFolder)
	if err != nil {
		return err
	}
	var names []string
	for _, name := range all {
		if runOf(name) >= from {
			names = append(names, name)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	segments := make(chan chan segment, segmentsAhead)
	work.Go(func() {
		defer close(segments)
		for _, name := range names {
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
		if err := s.each(visit); err != nil {
			return fmt.Errorf("reading record %q: %w", s.name, err)
		}
	}
	return ctx.Err()
}

func (s segment) each(visit func(l line, run int) error) error {
	if s.err != nil {
		return s.err
	}
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
