// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Environment is where credentials are looked for.
type Environment struct {
	// Getenv reads an environment variable; nil means [os.Getenv].
	Getenv func(name string) string
	// Home returns the user's home folder; nil means [os.UserHomeDir].
	Home func() (string, error)
}

func (e Environment) get(name string) string {
	if e.Getenv == nil {
		return os.Getenv(name)
	}
	return e.Getenv(name)
}

func (e Environment) home() (string, error) {
	if e.Home == nil {
		return os.UserHomeDir()
	}
	return e.Home()
}

// Credentials are a token, or a user's name with a key. Formatting them shows
// where they came from and not what they are.
type Credentials struct {
	token, user, key string
	// Source says where they were found.
	Source string
	// Warning, if not empty, says that other users of the machine can read them.
	Warning string
}

// Format hides the secrets, whatever the verb.
func (c Credentials) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "credentials in "+c.Source)
}

// authorize puts the credentials on a request.
func (c Credentials) authorize(r *http.Request) {
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
		return
	}
	r.SetBasicAuth(c.user, c.key)
}

// ErrNoToken is the error of a search that found no credentials.
var ErrNoToken = errors.New("there is no Kaggle token")

// Find looks for credentials where Kaggle's own tools do: KAGGLE_API_TOKEN (a
// token, or the path of a file with one), KAGGLE_USERNAME with KAGGLE_KEY, and
// then the files access_token, access_token.txt and kaggle.json in
// KAGGLE_CONFIG_DIR or, where that is not set, in ~/.kaggle and ~/.config/kaggle.
// The error is [ErrNoToken] where there are none; credentials that are there and
// cannot be used are an error too, rather than passed over. Both are request
// errors in the sense of [fault.RequestError].
func Find(env Environment) (Credentials, error) {
	c, err := find(env)
	return c, fault.AsRequest(err)
}

func find(env Environment) (Credentials, error) {
	if value := strings.TrimSpace(env.get("KAGGLE_API_TOKEN")); value != "" {
		if st, err := os.Stat(value); err == nil && st.Mode().IsRegular() {
			return readFile(value, parseToken)
		}
		c, err := parseToken([]byte(value))
		if err != nil {
			return Credentials{}, fmt.Errorf("reading KAGGLE_API_TOKEN: %w", err)
		}
		c.Source = "KAGGLE_API_TOKEN"
		return c, nil
	}
	user, key := env.get("KAGGLE_USERNAME"), env.get("KAGGLE_KEY")
	if user != "" && key != "" {
		c, err := pair(user, key)
		if err != nil {
			return Credentials{}, fmt.Errorf("reading KAGGLE_USERNAME and KAGGLE_KEY: %w", err)
		}
		c.Source = "KAGGLE_USERNAME and KAGGLE_KEY"
		return c, nil
	}
	for _, dir := range env.folders() {
		for _, f := range files {
			c, err := readFile(filepath.Join(dir, f.name), f.parse)
			if !errors.Is(err, fs.ErrNotExist) {
				return c, err
			}
		}
	}
	switch {
	case user != "":
		return Credentials{}, fmt.Errorf("%w: KAGGLE_USERNAME is set and KAGGLE_KEY is not", ErrNoToken)
	case key != "":
		return Credentials{}, fmt.Errorf("%w: KAGGLE_KEY is set and KAGGLE_USERNAME is not", ErrNoToken)
	}
	return Credentials{}, ErrNoToken
}

// files are the credential files in a folder of Kaggle's tools.
var files = []struct {
	name  string
	parse func([]byte) (Credentials, error)
}{{"access_token", parseToken}, {"access_token.txt", parseToken}, {"kaggle.json", parseKaggleJSON}}

// folders are where credential files lie.
func (e Environment) folders() []string {
	if dir := e.get("KAGGLE_CONFIG_DIR"); dir != "" {
		return []string{dir}
	}
	home, err := e.home()
	if err != nil {
		return nil
	}
	config := e.get("XDG_CONFIG_HOME")
	if config == "" {
		config = filepath.Join(home, ".config")
	}
	return []string{filepath.Join(home, ".kaggle"), filepath.Join(config, "kaggle")}
}

// maxFile is far more than a file of credentials has.
const maxFile = 1 << 16

func readFile(path string, parse func([]byte) (Credentials, error)) (Credentials, error) {
	f, err := os.Open(path)
	if err != nil {
		return Credentials{}, fmt.Errorf("reading the credentials: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return Credentials{}, fmt.Errorf("reading the credentials: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Credentials{}, fmt.Errorf("reading the credentials: %w", err)
	}
	if len(data) > maxFile {
		return Credentials{}, fmt.Errorf("reading %q: a file of credentials has at most %d bytes", path, maxFile)
	}
	c, err := parse(data)
	if err != nil {
		return Credentials{}, fmt.Errorf("reading %q: %w", path, err)
	}
	c.Source = path
	if runtime.GOOS != "windows" && st.Mode()&0o044 != 0 {
		c.Warning = fmt.Sprintf("others on this machine can read the Kaggle token in %s; chmod 600 ends that", path)
	}
	return c, nil
}

// byteOrderMark begins what some editors on Windows save.
var byteOrderMark = []byte("\xef\xbb\xbf")

// parseKaggleJSON reads the file that Kaggle's settings page offers. The same
// file may hold settings of Kaggle's own tools.
func parseKaggleJSON(data []byte) (Credentials, error) {
	var file struct {
		User string `json:"username"`
		Key  string `json:"key"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, byteOrderMark), &file); err != nil {
		// Its text may quote a piece of the file.
		return Credentials{}, errors.New(`it is no JSON of the form {"username": "...", "key": "..."}`)
	}
	return pair(file.User, file.Key)
}

func pair(user, key string) (Credentials, error) {
	user, key = strings.TrimSpace(user), strings.TrimSpace(key)
	switch {
	case user == "":
		return Credentials{}, errors.New("username is empty or missing")
	case key == "":
		return Credentials{}, errors.New("key is empty or missing")
	case strings.Contains(user, ":"):
		return Credentials{}, errors.New("username must not contain a colon")
	case !printable(user) || !printable(key):
		return Credentials{}, errors.New("username and key must be of printable ASCII characters")
	}
	return Credentials{user: user, key: key}, nil
}

func parseToken(data []byte) (Credentials, error) {
	token := string(bytes.TrimSpace(bytes.TrimPrefix(data, byteOrderMark)))
	switch {
	case token == "":
		return Credentials{}, errors.New("the token is empty")
	case !printable(token):
		return Credentials{}, errors.New("the token must be one word of printable ASCII characters")
	}
	return Credentials{token: token}, nil
}

// printable tells whether s can stand in a header as one word.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
