// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// RejectsName is the name of the file that lists the pictures that could not
// be used, one JSON object a line.
const RejectsName = "rejects.jsonl"

// WriteRejects publishes rejects.jsonl in dir, in the order given. Without
// rejects the file is there and empty.
func WriteRejects(dir string, rejects []fault.Reject) error {
	return Publish(dir, RejectsName, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for _, r := range rejects {
			if err := e.Encode(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReadRejects reads dir's rejects.jsonl.
func ReadRejects(dir string) ([]fault.Reject, error) {
	path := filepath.Join(dir, RejectsName)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading rejects: %w", err)
	}
	var out []fault.Reject
	n := 0
	for line := range bytes.Lines(data) {
		n++
		var r fault.Reject
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("reading %q: line %d: %w", path, n, err)
		}
		out = append(out, r)
	}
	return out, nil
}
