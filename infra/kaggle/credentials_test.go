// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

func TestParseKaggleJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		user, key  string
		want       string // in the error
	}{
		{name: "as Kaggle writes it", text: `{"username":"ash","key":"0123abc"}`, user: "ash", key: "0123abc"},
		{name: "by hand", text: " {\n \"key\": \"0123abc\\n\", \"username\": \" ash\" }\n", user: "ash", key: "0123abc"},
		{name: "with settings", text: `{"username":"ash","key":"k","path":"/data","proxy":null,"n":1}`, user: "ash", key: "k"},
		{name: "byte order mark", text: "\xef\xbb\xbf" + `{"username":"ash","key":"k"}`, user: "ash", key: "k"},
		{name: "empty", text: "", want: "no JSON"},
		{name: "half", text: `{"username":"ash","key":"hush`, want: "no JSON"},
		{name: "more than one", text: `{"username":"ash","key":"k"} {}`, want: "no JSON"},
		{name: "list", text: `["ash","hush"]`, want: "no JSON"},
		{name: "number", text: `{"username":"ash","key":123}`, want: "no JSON"},
		{name: "null", text: `null`, want: "username is empty"},
		{name: "no username", text: `{"key":"hush"}`, want: "username is empty"},
		{name: "no key", text: `{"username":"ash"}`, want: "key is empty"},
		{name: "blank key", text: `{"username":"ash","key":"  "}`, want: "key is empty"},
		{name: "colon", text: `{"username":"ash:x","key":"hush"}`, want: "colon"},
		{name: "line break", text: `{"username":"ash","key":"hush\r\nX-Evil: 1"}`, want: "printable"},
		{name: "not ASCII", text: `{"username":"asch\u00e9","key":"hush"}`, want: "printable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseKaggleJSON([]byte(tt.text))
			if got.user != tt.user || got.key != tt.key || (err == nil) != (tt.want == "") {
				t.Errorf("got %q, %q, %v", got.user, got.key, err)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hush")) {
				t.Errorf("error %q, want one with %q and no secret", err, tt.want)
			}
		})
	}
}

func FuzzParseKaggleJSON(f *testing.F) {
	for _, seed := range []string{
		`{"username":"ash","key":"0123abc"}`, "\xef\xbb\xbf{}", `{"username":"a:b","key":"k"}`, `{"username":"a","key":"k\r\nx: y"}`,
		`[]`, `null`, `{"USERNAME":"ash","Key":"k"}`, `{"username":"ash","key":"k"}x`, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseKaggleJSON(data)
		if err != nil {
			if c != (Credentials{}) {
				t.Errorf("an error and %q, %q", c.user, c.key)
			}
			return
		}
		// What was read must come through a request and through a file unchanged.
		r, err := http.NewRequest(http.MethodGet, "https://kaggle.example", nil)
		if err != nil {
			t.Fatal(err)
		}
		c.authorize(r)
		if user, key, ok := r.BasicAuth(); !ok || user != c.user || key != c.key || user == "" || key == "" {
			t.Errorf("%q, %q travel as %q, %q", c.user, c.key, user, key)
		}
		again, err := json.Marshal(map[string]string{"username": c.user, "key": c.key})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := parseKaggleJSON(again); err != nil || back != c {
			t.Errorf("%s is read as %q, %q, %v", again, back.user, back.key, err)
		}
	})
}

func FuzzParseToken(f *testing.F) {
	for _, seed := range []string{"KGAT_0123\n", "two words", "", "\xef\xbb\xbfx", "a\x00b", "t\u00f6ken"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseToken(data)
		if err != nil {
			return
		}
		if c.token == "" || !utf8.ValidString(c.token) || strings.ContainsAny(c.token, " \r\n\t\x00") {
			t.Errorf("token %q", c.token)
		}
		if !strings.Contains(string(data), c.token) {
			t.Errorf("token %q is not in %q", c.token, data)
		}
	})
}

func TestFind(t *testing.T) {
	t.Parallel()
	const file = `{"username":"misty","key":"hush-file"}`
	tests := []struct {
		name  string
		env   map[string]string // HOME stands for the home folder
		files map[string]string // by their paths below it
		want  string            // the header
		from  string            // in Source
		err   string            // in the error
	}{
		{name: "nothing", err: ErrNoToken.Error()},
		{name: "token", env: map[string]string{"KAGGLE_API_TOKEN": " hush \n"}, want: "Bearer hush", from: "KAGGLE_API_TOKEN"},
		{name: "token in a file", env: map[string]string{"KAGGLE_API_TOKEN": "HOME/t"}, files: map[string]string{"t": "hush\n"}, want: "Bearer hush", from: "/t"},
		{name: "unusable token in a file", env: map[string]string{"KAGGLE_API_TOKEN": "HOME/t"}, files: map[string]string{"t": "\n"}, err: "the token is empty"},
		{name: "pair", env: map[string]string{"KAGGLE_USERNAME": "ash", "KAGGLE_KEY": "hush"}, want: "ash hush", from: "KAGGLE_KEY"},
		{name: "unusable pair", env: map[string]string{"KAGGLE_USERNAME": "a:b", "KAGGLE_KEY": "hush"}, err: "KAGGLE_KEY: username must not"},
		{name: "token before pair", env: map[string]string{"KAGGLE_API_TOKEN": "hush", "KAGGLE_USERNAME": "ash", "KAGGLE_KEY": "hush"},
			want: "Bearer hush"},
		{name: "pair before file", env: map[string]string{"KAGGLE_USERNAME": "ash", "KAGGLE_KEY": "hush"},
			files: map[string]string{".kaggle/kaggle.json": file}, want: "ash hush"},
		{name: "user without key, and file", env: map[string]string{"KAGGLE_USERNAME": "ash"},
			files: map[string]string{".kaggle/kaggle.json": file}, want: "misty hush-file"},
		{name: "key without user", env: map[string]string{"KAGGLE_KEY": "hush"}, err: "KAGGLE_USERNAME is not"},
		{name: "file", files: map[string]string{".kaggle/kaggle.json": file}, want: "misty hush-file", from: ".kaggle/kaggle.json"},
		{name: "file in .config", files: map[string]string{".config/kaggle/kaggle.json": file}, want: "misty hush-file", from: ".config/kaggle"},
		{name: "file in XDG_CONFIG_HOME", env: map[string]string{"XDG_CONFIG_HOME": "HOME/xdg"},
			files: map[string]string{"xdg/kaggle/kaggle.json": file}, want: "misty hush-file", from: "xdg/kaggle"},
		{name: "access token", files: map[string]string{".kaggle/access_token": "hush\n", ".kaggle/kaggle.json": file}, want: "Bearer hush"},
		{name: "access token of an editor on Windows", files: map[string]string{".kaggle/access_token.txt": "\xef\xbb\xbfhush\r\n"}, want: "Bearer hush"},
		{name: "folder of one's own", env: map[string]string{"KAGGLE_CONFIG_DIR": "HOME/c"},
			files: map[string]string{"c/kaggle.json": file, ".kaggle/access_token": "other"}, want: "misty hush-file", from: "/c/kaggle.json"},
		{name: "empty folder of one's own", env: map[string]string{"KAGGLE_CONFIG_DIR": "HOME/c"},
			files: map[string]string{".kaggle/kaggle.json": file}, err: ErrNoToken.Error()},
		// What is there and wrong is said, not passed over.
		{name: "damaged file", files: map[string]string{".kaggle/kaggle.json": "{", ".config/kaggle/kaggle.json": file}, err: ".kaggle/kaggle.json"},
		{name: "huge file", files: map[string]string{".kaggle/access_token": strings.Repeat("x", maxFile+1)}, err: "at most 65536 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			for name, text := range tt.files {
				path := filepath.Join(home, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, err := Find(Environment{
				Getenv: func(name string) string { return strings.ReplaceAll(tt.env[name], "HOME", home) },
				Home:   func() (string, error) { return home, nil },
			})
			if tt.err != "" {
				if err == nil || !strings.Contains(filepath.ToSlash(err.Error()), tt.err) || !fault.IsRequest(err) || strings.Contains(err.Error(), "hush") {
					t.Errorf("error %v, want a request error with %q and no secret", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.NewRequest(http.MethodGet, "https://kaggle.example", nil)
			if err != nil {
				t.Fatal(err)
			}
			c.authorize(r)
			got := r.Header.Get("Authorization")
			if user, key, ok := r.BasicAuth(); ok {
				got = user + " " + key
			}
			if got != tt.want || !strings.Contains(filepath.ToSlash(c.Source), tt.from) || c.Warning != "" {
				t.Errorf("found %q in %q with warning %q, want %q in %q", got, c.Source, c.Warning, tt.want, tt.from)
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
				if text := fmt.Sprintf(verb, c) + fmt.Sprintf(verb, &c); strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
					t.Errorf("%s shows %s", verb, text)
				}
			}
		})
	}
}

func TestFindHomeless(t *testing.T) {
	t.Parallel()
	_, err := Find(Environment{
		Getenv: func(string) string { return "" },
		Home:   func() (string, error) { return "", errors.New("no home") },
	})
	if !errors.Is(err, ErrNoToken) {
		t.Errorf("error %v", err)
	}
}

func TestReadableByOthers(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no such permissions on Windows")
	}
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o644: true} {
		home := t.TempDir()
		path := filepath.Join(home, "kaggle.json")
		if err := os.WriteFile(path, []byte(`{"username":"ash","key":"hush"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		c, err := readFile(path, parseKaggleJSON)
		if err != nil {
			t.Fatal(err)
		}
		if (c.Warning != "") != warned || warned && !strings.Contains(c.Warning, "chmod 600") {
			t.Errorf("mode %o: warning %q", mode, c.Warning)
		}
	}
}

func TestContentRange(t *testing.T) {
	t.Parallel()
	type result struct {
		First, Total int64
		OK           bool
	}
	tests := map[string]result{
		"bytes 5-9/10": {5, 10, true}, "bytes 0-0/1": {0, 1, true}, "bytes 5-9/*": {5, -1, true},
		"bytes 5-10/10": {5, 10, false}, "bytes 9-5/10": {9, 10, false}, "bytes */10": {0, -1, false},
		"": {0, -1, false}, "bytes": {0, -1, false}, "items 5-9/10": {0, -1, false}, "bytes 99999999999999999999-9/10": {0, -1, false},
	}
	for value, want := range tests {
		first, total, ok := contentRange(value)
		if diff := cmp.Diff(want, result{first, total, ok}); diff != "" {
			t.Errorf("contentRange(%q) (-want +got):\n%s", value, diff)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	for _, seed := range []string{"bytes 5-9/10", "bytes 5-9/*", "bytes */10", "bytes -5--9/10", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if first, total, ok := contentRange(value); ok && (first < 0 || total >= 0 && first >= total) {
			t.Errorf("contentRange(%q) = %d, %d", value, first, total)
		}
	})
}
