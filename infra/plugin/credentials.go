// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/chromabeam/chromabeam/infra/kaggle"
)

// google tells whether gs:// paths have credentials to be read with. It asks
// neither the network nor a metadata server.
func (m machine) google() Finding {
	f := Finding{Name: "google"}
	if host := m.getenv("STORAGE_EMULATOR_HOST"); host != "" {
		f.OK, f.Detail = true, "gs:// goes to the emulator at "+host
		return f
	}
	const fix = "run gcloud auth application-default login, for gs:// paths and Dataflow"
	path, named := m.getenv("GOOGLE_APPLICATION_CREDENTIALS"), true
	if path == "" {
		path, named = m.gcloudFile(), false
	}
	kind, err := credentialType(path)
	switch {
	case err == nil:
		f.OK, f.Detail = true, fmt.Sprintf("credentials of type %s at %s", kind, path)
	case named:
		f.Detail, f.Fix = fmt.Sprintf("GOOGLE_APPLICATION_CREDENTIALS: %v", err), fix
	default:
		f.Detail, f.Fix = "no application default credentials", fix
	}
	return f
}

// gcloudFile is where gcloud keeps the application default credentials.
func (m machine) gcloudFile() string {
	const name = "application_default_credentials.json"
	if dir := m.getenv("CLOUDSDK_CONFIG"); dir != "" {
		return filepath.Join(dir, name)
	}
	if runtime.GOOS == "windows" {
		return filepath.Join(m.getenv("APPDATA"), "gcloud", name)
	}
	home, err := m.home()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".config", "gcloud", name)
}

func credentialType(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var file struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return "", fmt.Errorf("reading %q: %w", path, err)
	}
	if file.Type == "" {
		return "", fmt.Errorf("reading %q: it names no type of credentials", path)
	}
	return file.Type, nil
}

// kaggle tells whether there is a token to fetch data sets with, as the
// command fetch looks for one.
func (m machine) kaggle() Finding {
	f := Finding{Name: "kaggle"}
	c, err := kaggle.Find(kaggle.Environment{Getenv: m.getenv, Home: m.home})
	switch {
	case err == nil:
		f.OK, f.Detail = true, "token in "+c.Source
		if c.Warning != "" {
			f.Detail += "; " + c.Warning
		}
	case errors.Is(err, kaggle.ErrNoToken):
		f.Detail = err.Error()
		f.Fix = "create one at kaggle.com, Settings, API, and save it as " + m.kaggleFile() + ", to fetch data sets"
	default:
		f.Detail, f.Fix = err.Error(), "put that right, or create another token at kaggle.com, Settings, API, to fetch data sets"
	}
	return f
}

// kaggleFile is where Kaggle's own tools keep their token.
func (m machine) kaggleFile() string {
	const name = "kaggle.json"
	if dir := m.getenv("KAGGLE_CONFIG_DIR"); dir != "" {
		return filepath.Join(dir, name)
	}
	home, err := m.home()
	if err != nil {
		return filepath.Join(".kaggle", name)
	}
	return filepath.Join(home, ".kaggle", name)
}
