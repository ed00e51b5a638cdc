// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// TestNastyNames takes every name through every kind of source: out of the
// listing, through JSON, into a read.
func TestNastyNames(t *testing.T) {
	server := gcstest.Start(t)
	dir := t.TempDir()
	all := append([]string{latin}, nasty...)
	want := map[string][]string{}
	var zipped []member
	var tarred []tarEntry
	var text, lines strings.Builder
	for i, name := range all {
		body := strconv.Itoa(i) + strings.Repeat("x", 700*i)
		want[Ref{Member: []byte(name)}.Name()] = []string{body}
		zipped = append(zipped, member{name: name, body: body, method: uint16(i % 2 * 8)})
		tarred = append(tarred, tarEntry{name: name, body: body, header: tar.Header{Format: tar.FormatGNU}})
		writeFile(t, filepath.Join(dir, "folder", name), []byte(body))
		if name != latin {
			server.Put("pics", "in/"+name, []byte(body))
			line, err := json.Marshal(name)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&lines, "%s\n", line)
		}
		if !strings.ContainsAny(name, "\n") && !strings.HasPrefix(name, "# ") {
			fmt.Fprintln(&text, name)
		} else {
			fmt.Fprintln(&text, map[string]string{"new\nline.png": "new?line.png", "# x.png": "./# x.png"}[name])
		}
	}
	without := maps.Clone(want)
	delete(without, Ref{Member: []byte(latin)}.Name())

	archives := map[string][]byte{"a.zip": zipBytes(t, zipped...), "a.tar": tarBytes(t, tarred...)}
	archives["a.tgz"] = gzipBytes(t, archives["a.tar"])
	archives["a.tar.gz"] = archives["a.tgz"]
	tests := map[string]map[string][]string{
		filepath.Join(dir, "folder"):                                                     want,
		filepath.Join(dir, "folder", "**", "*"):                                          want,
		writeFile(t, filepath.Join(dir, "folder", "list.txt"), []byte(text.String())):    want,
		writeFile(t, filepath.Join(dir, "folder", "list.jsonl"), []byte(lines.String())): without,
		"gs://pics/in": without, "gs://pics/in/": without, "gs://pics/in/**": without,
		"gs://pics/in/list.jsonl": without,
	}
	server.Put("pics", "in/list.jsonl", []byte(lines.String()))
	for name, data := range archives {
		server.Put("archives", "x/"+name, data)
		tests["gs://archives/x/"+name] = want
		tests[writeFile(t, filepath.Join(dir, name), data)] = want
	}
	for uri, want := range tests {
		t.Run(strings.ReplaceAll(strings.TrimPrefix(uri, dir), "/", "_"), func(t *testing.T) {
			s := open(t, uri)
			list := refs(t, s)
			got := map[string][]string{}
			for _, r := range list {
				data, err := json.Marshal(r)
				if err != nil {
					t.Fatal(err)
				}
				var back Ref
				if err := json.Unmarshal(data, &back); err != nil {
					t.Fatal(err)
				}
				got[back.Name()] = append(got[back.Name()], content(t, s, back))
				if back.Size != int64(len(content(t, s, back))) || back.Version == "" {
					t.Errorf("%+v has a wrong size or no version", back)
				}
			}
			diff(t, "contents", want, got)
			if !strings.Contains(uri, "list") {
				inOrder(t, list)
			}
			if d := identities(refs(t, s)); strings.Join(d, "|") != strings.Join(identities(list), "|") {
				t.Error("the second listing differs from the first")
			}
		})
	}
}

func TestRecognition(t *testing.T) {
	server := gcstest.Start(t)
	dir := t.TempDir()
	zipped := zipBytes(t, member{name: "a.png", body: "z"})
	tarred := tarBytes(t, tarEntry{name: "a.png", body: "t"})
	bodies := map[string][]byte{
		"zip": zipped, "tar": tarred, "zipped.dat": zipped, "tar.zip": tarred, "zip.tar": zipped,
		"tgz.tar": gzipBytes(t, tarred), "tar.tgz": tarred, "tgz": gzipBytes(t, tarred), "sfx.zip": append([]byte("#!/bin/sh\nexit\n"), zipped...),
	}
	for name, data := range bodies {
		server.Put("kinds", name, data)
		want := "t"
		if strings.HasPrefix(name, "zip") || name == "sfx.zip" {
			want = "z"
		}
		for _, uri := range []string{writeFile(t, filepath.Join(dir, name), data), "gs://kinds/" + name} {
			diff(t, uri, map[string][]string{"a.png": {want}}, contents(t, open(t, uri)))
		}
	}
}
