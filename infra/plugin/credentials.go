// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
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

// kaggle tells whether there is a token to fetch data sets with.
func (m machine) kaggle() Finding {
	f := Finding{Name: "kaggle", OK: true}
	switch {
	case m.getenv("KAGGLE_API_TOKEN") != "":
		f.Detail = "token in KAGGLE_API_TOKEN"
		return f
	case m.getenv("KAGGLE_USERNAME") != "" && m.getenv("KAGGLE_KEY") != "":
		f.Detail = "token in KAGGLE_USERNAME and KAGGLE_KEY"
		return f
	}
	dir := m.getenv("KAGGLE_CONFIG_DIR")
	if dir == "" {
		if home, err := m.home(); err == nil {
			dir = filepath.Join(home, ".kaggle")
		}
	}
	for _, name := range []string{"kaggle.json", "access_token"} {
		path := filepath.Join(dir, name)
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Size() > 0 {
			f.Detail = "token in " + path
			return f
		}
	}
	f.OK, f.Detail = false, "no token"
	f.Fix = "create one at kaggle.com, Settings, API, and save it as " + filepath.Join(dir, "kaggle.json") + ", to fetch data sets"
	return f
}
