// SPDX-License-Identifier: Apache-2.0

package wheel

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExtract(t *testing.T) {
	t.Parallel()
	members := map[string]string{"pkg/lib/libx.so.3": "library", "pkg/bin/tool": "program", "pkg/data.txt": "text", "pkg/left.out": "no"}
	path := filepath.Join(t.TempDir(), "x.whl")
	write(t, path, archive(t, members, "pkg/lib/libx.so.3", "pkg/bin/tool", "pkg/data.txt", "pkg/left.out"))
	dir := t.TempDir()
	files, err := Extract(t.Context(), path, dir, func(member string) (string, bool) {
		name, ok := strings.CutPrefix(member, "pkg/")
		return "new/" + name, ok && name != "left.out"
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []File
	for _, f := range []struct{ path, text string }{{"new/lib/libx.so.3", "library"}, {"new/bin/tool", "program"}, {"new/data.txt", "text"}} {
		sum := sha256.Sum256([]byte(f.text))
		want = append(want, File{Path: f.path, Size: int64(len(f.text)), SHA256: hex.EncodeToString(sum[:])})
	}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("Extract (-want +got):\n%s", diff)
	}
	for name, exec := range map[string]bool{"new/lib/libx.so.3": true, "new/bin/tool": true, "new/data.txt": false} {
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if got := st.Mode()&0o100 != 0; got != exec && runtime.GOOS != "windows" {
			t.Errorf("%s: executable %v, want %v", name, got, exec)
		}
	}
}

func TestExtractRefuses(t *testing.T) {
	t.Parallel()
	good := archive(t, map[string]string{"a.so": "library"}, "a.so")
	damaged := append([]byte(nil), good...)
	damaged[len("PK..")+26+len("a.so")+2] ^= 0x55 // inside the member's data
	tests := []struct {
		name  string
		data  []byte
		place string
		want  string
	}{
		{"no zip", []byte("hello"), "a.so", "not a valid zip file"},
		{"above the folder", good, "../a.so", "no plain file"},
		{"absolute", good, "/a.so", "no plain file"},
		{"damaged member", damaged, "a.so", "unpacking"},
		{"cut", good[:len(good)/2], "a.so", "not a valid zip file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "x.whl")
			write(t, path, tt.data)
			_, err := Extract(t.Context(), path, filepath.Join(dir, "out"), func(member string) (string, bool) {
				return tt.place, member == "a.so"
			})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Extract: %v, want %q", err, tt.want)
			}
		})
	}
}

func TestExtractTwice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.whl")
	write(t, path, archive(t, map[string]string{"a": "1", "b": "2"}, "a", "b"))
	_, err := Extract(t.Context(), path, t.TempDir(), func(string) (string, bool) { return "same", true })
	if err == nil || !strings.Contains(err.Error(), "exist") {
		t.Errorf("Extract of two members to one file: %v, want an error", err)
	}
}
