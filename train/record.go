// SPDX-License-Identifier: Apache-2.0

package train

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// record is run.json: what a run was made from, and how it stands.
type record struct {
	Status   Status            `json:"status"`
	Recipe   string            `json:"recipe"`
	Seed     uint64            `json:"seed"`
	Data     dataRecord        `json:"data"`
	Backend  backendRecord     `json:"backend"`
	Versions map[string]string `json:"versions"`
	// Init is the network that the run started from, if any.
	Init *initRecord `json:"init,omitempty"`
	// Parameters counts the generator's weights, CriticParameters those of the
	// critic, MultiplyAdds those of the generator's convolutions for a picture.
	Parameters       int64 `json:"parameters"`
	CriticParameters int64 `json:"critic_parameters,omitempty"`
	MultiplyAdds     int64 `json:"multiply_adds"`
	// Result is there when the run has ended.
	Result *Result `json:"result,omitempty"`
}

// dataRecord names a data set.
type dataRecord struct {
	Path           string `json:"path"`
	ManifestSHA256 string `json:"manifest_sha256"`
	Size           int    `json:"size"`
	// Train and Validation count the pictures that the run uses.
	Train      int `json:"train"`
	Validation int `json:"validation"`
}

// backendRecord is the backend of the last process that worked on a run.
type backendRecord struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Precision is that of its networks.
	Precision model.Precision `json:"precision,omitempty"`
}

// versions returns the versions that numbers may depend on.
func versions(tool string) map[string]string {
	v := map[string]string{"chromabeam": tool, "go": runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, d := range info.Deps {
		switch d.Path {
		case "github.com/gomlx/gomlx", "github.com/gomlx/compute", "github.com/gomlx/go-xla":
			v[filepath.Base(d.Path)] = d.Version
		}
	}
	return v
}

// writeJSON publishes a value as an indented JSON file.
func writeJSON(dir, name string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return store.PublishFile(dir, name, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// readJSON reads a JSON file of the run.
func readJSON(dir, name string, value any) error {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("reading %q: %w", filepath.Join(dir, name), err)
	}
	return nil
}
