// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/chromabeam/chromabeam/infra/plugin/wheel"
	"github.com/chromabeam/chromabeam/model"
)

// recordName is the record's file in the installed tree.
const recordName = "installed.json"

// record says what an installed tree holds. It lies in the tree and appears
// together with it.
type record struct {
	Kind    Kind         `json:"kind"`
	Version string       `json:"version"`
	Library string       `json:"library"` // relative to the tree, with slashes
	Wheels  []source     `json:"wheels"`
	Files   []wheel.File `json:"files"`
}

// source is a wheel that a tree was made of.
type source struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// readRecord returns the record of the tree that the kind's link leads to. The
// error is os.ErrNotExist where there is none.
func readRecord(dir string, kind Kind) (record, error) {
	r, known := releases()[kind]
	link := filepath.Join(dir, model.PluginFile(string(kind)))
	target, err := os.Readlink(link)
	if err != nil {
		return record{}, fmt.Errorf("reading the plugin's link: %w", err)
	}
	if !known || !filepath.IsLocal(target) {
		return record{}, fmt.Errorf("reading the plugin's link %q: it leads to %q: %w", link, target, os.ErrNotExist)
	}
	tree := firstElement(target)
	data, err := os.ReadFile(filepath.Join(dir, tree, recordName))
	if err != nil {
		return record{}, fmt.Errorf("reading the plugin's record: %w", err)
	}
	var rec record
	if err := json.Unmarshal(data, &rec); err != nil {
		return record{}, fmt.Errorf("reading the plugin's record in %q: %w", tree, err)
	}
	if rec.tree() != tree || rec.Kind != r.kind {
		return record{}, fmt.Errorf("reading the plugin's record in %q: it is of %q", tree, rec.tree())
	}
	return rec, nil
}

func firstElement(path string) string {
	for {
		parent := filepath.Dir(path)
		if parent == "." {
			return path
		}
		path = parent
	}
}

// tree is the name of the record's folder.
func (rec record) tree() string { return string(rec.Kind) + "-" + rec.Version }

// of tells whether the tree was made of just what a release pins.
func (rec record) of(r release) bool {
	var wheels []source
	for _, w := range r.wheels {
		wheels = append(wheels, source{File: w.File, SHA256: w.SHA256})
	}
	return rec.Kind == r.kind && rec.Version == r.version && rec.Library == r.library.Path && slices.Equal(rec.Wheels, wheels)
}

// complete tells whether every file is there in its size; reading the 200 MB
// of the smallest plugin at every start would take too long.
func (rec record) complete(dir string) error {
	return rec.each(dir, func(path string, f wheel.File) error {
		st, err := os.Stat(path)
		if err != nil {
			return err
		}
		if st.Size() != f.Size {
			return fmt.Errorf("%q has %d bytes, want %d", path, st.Size(), f.Size)
		}
		return nil
	})
}

// verify compares every file's content with its SHA-256.
func (rec record) verify(dir string) error {
	return rec.each(dir, func(path string, f wheel.File) error {
		sum, err := wheel.HashFile(path)
		if err != nil {
			return err
		}
		if sum != f.SHA256 {
			return fmt.Errorf("%q has SHA-256 %s, want %s", path, sum, f.SHA256)
		}
		return nil
	})
}

// each calls check for every file and joins what it finds.
func (rec record) each(dir string, check func(path string, f wheel.File) error) error {
	if len(rec.Files) == 0 {
		return errors.New("the record names no files")
	}
	var errs []error
	for _, f := range rec.Files {
		errs = append(errs, check(filepath.Join(dir, rec.tree(), filepath.FromSlash(f.Path)), f))
	}
	return errors.Join(errs...)
}

func (rec record) write(tree string) error {
	data, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(tree, recordName), append(data, '\n'), 0o644)
}
