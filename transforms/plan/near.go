// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"path"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// MaxNearDistance is the greatest distance of perceptual hashes, of 64 bits,
// that may count as the same look. Beyond it, most pairs are different pictures.
const MaxNearDistance = shard.MaxNearDistance

// Near is one line of near.jsonl: a picture that is left out since it looks like
// another one.
type Near struct {
	Source string `json:"source"`
	SHA256 string `json:"sha256"`
	// Like is the hash of the picture that is kept, Distance the number of bits
	// in which their looks differ.
	Like     string `json:"like"`
	Distance int    `json:"distance"`
}

// NearSet holds the hashes of pictures that are left out for their look.
type NearSet map[string]bool

func nearOf(dir string) string { return path.Join(dir, "near.jsonl") }

// look is a picture as the search for near duplicates sees it.
type look struct {
	hash [32]byte
	look uint64
	run  int32 // whose picture it is; -1 for an earlier part's
}

// FindNear publishes the list of those pictures in all runs whose perceptual
// hash differs in at most distance bits from that of a picture that stays.
// Pictures are gone through in the order of their content hashes, those of
// earlier parts first: what is left out depends neither on names nor on order.
//
// Memory: 48 bytes a picture and, for each of distance+1 tables, 5 to 100 more: a
// table is the larger the fewer pictures share an entry. Time grows with
// n²/2^(64/(distance+1)): a million pictures take seconds at a distance of 3 and
// minutes at 6.
func (m Merger) FindNear(ctx context.Context, st store.Store, distance int) error {
	looks, err := m.looks(ctx, st)
	if err != nil {
		return err
	}
	found, err := search(ctx, looks, distance)
	if err != nil {
		return err
	}
	if err := m.nameThem(ctx, st, found); err != nil {
		return err
	}
	list := make([]Near, len(found))
	for i, f := range found {
		list[i] = f.Near
	}
	_, err = st.Publish(ctx, nearOf(m.Dir), store.Anything(), func(w io.Writer) error { return WriteLines(w, list) })
	if err != nil {
		return fmt.Errorf("listing near duplicates: %w", err)
	}
	return nil
}

// looks reads the looks of every run and of the earlier parts, sorted.
func (m Merger) looks(ctx context.Context, st store.Store) ([]look, error) {
	var looks []look
	add := func(e Entry, run int) {
		if e.Look == nil || e.SHA256 == "" {
			return
		}
		l := look{look: *e.Look, run: int32(run)}
		if n, err := hex.Decode(l.hash[:], []byte(e.SHA256)); err == nil && n == len(l.hash) {
			looks = append(looks, l)
		}
	}
	earlier, err := openEarlier(ctx, st, m.Earlier)
	if err != nil {
		return nil, err
	}
	for _, p := range earlier {
		for name, there := range p.files {
			if !there {
				continue
			}
			if err := each(ctx, st, fileOf(p.Dir, name), false, func(e Entry) { add(e, -1) }); err != nil {
				return nil, err
			}
		}
	}
	for n := range m.Runs {
		if err := each(ctx, st, RunName(m.Dir, n), true, func(e Entry) { add(e, n) }); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(looks, func(a, b look) int {
		if d := bytes.Compare(a.hash[:], b.hash[:]); d != 0 {
			return d
		}
		return int(a.run - b.run)
	})
	return slices.CompactFunc(looks, func(a, b look) bool { return a.hash == b.hash }), nil
}

// each calls do with every entry of a file, whose first line may be a run's.
func each(ctx context.Context, st store.Store, name string, headed bool, do func(Entry)) error {
	for e, err := range Lines[Entry](ctx, st, name) {
		if err != nil {
			return err
		}
		if headed {
			headed = false
			continue
		}
		do(e)
	}
	return nil
}

// nearFound is a near duplicate whose name is not known yet.
type nearFound struct {
	Near

	run int32
}

// search returns the looks that are left out, in the order of their hashes. Two
// hashes that differ in at most d bits agree in at least one of d+1 bands, so
// only pictures that share a band are compared.
func search(ctx context.Context, looks []look, distance int) ([]nearFound, error) {
	bands := distance + 1
	tables := make([]map[uint64][]int32, bands)
	for b := range tables {
		tables[b] = map[uint64][]int32{}
	}
	var found []nearFound
	visit := func(i int) {
		l := looks[i]
		for b := range bands {
			for _, j := range tables[b][band(l.look, b, bands)] {
				if d := bits.OnesCount64(l.look ^ looks[j].look); d <= distance && l.run >= 0 {
					found = append(found, nearFound{Near{
						SHA256: hex.EncodeToString(l.hash[:]), Like: hex.EncodeToString(looks[j].hash[:]), Distance: d,
					}, l.run})
					return
				}
			}
		}
		for b := range bands {
			key := band(l.look, b, bands)
			tables[b][key] = append(tables[b][key], int32(i))
		}
	}
	for _, earlier := range []bool{true, false} {
		for i, l := range looks {
			if i%1024 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if (l.run < 0) == earlier {
				visit(i)
			}
		}
	}
	return found, nil
}

// band returns the b-th of n bands of a hash.
func band(hash uint64, b, n int) uint64 {
	from, to := 64*b/n, 64*(b+1)/n
	return hash >> from & (1<<(to-from) - 1)
}

// nameThem fills in the names, from the runs again: to keep all in memory would
// cost more than the hashes.
func (m Merger) nameThem(ctx context.Context, st store.Store, found []nearFound) error {
	byRun := map[int32]map[string]*nearFound{}
	for i := range found {
		f := &found[i]
		if byRun[f.run] == nil {
			byRun[f.run] = map[string]*nearFound{}
		}
		byRun[f.run][f.SHA256] = f
	}
	for run, wanted := range byRun {
		err := each(ctx, st, RunName(m.Dir, int(run)), true, func(e Entry) {
			if f := wanted[e.SHA256]; f != nil && f.Source == "" {
				f.Source = e.Name()
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ReadNear returns the list of near duplicates in a plan's folder, empty where
// none were looked for.
func ReadNear(ctx context.Context, st store.Store, dir string) ([]Near, error) {
	list, err := ReadLines[Near](ctx, st, nearOf(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading near duplicates: %w", err)
	}
	return list, nil
}

func readNear(ctx context.Context, st store.Store, dir string) (NearSet, error) {
	list, err := ReadNear(ctx, st, dir)
	set := NearSet{}
	for _, n := range list {
		set[n.SHA256] = true
	}
	return set, err
}
