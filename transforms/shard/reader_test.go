// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type rawMember struct {
	name, data string
	kind       byte
}

func rawTar(tb testing.TB, list ...rawMember) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range list {
		h := &tar.Header{Name: m.name, Size: int64(len(m.data)), Mode: 0o644, Typeflag: tar.TypeReg}
		if m.kind != 0 {
			h.Typeflag, h.Size = m.kind, 0
		}
		if err := w.WriteHeader(h); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, m.data[:h.Size]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// readAll returns the keys of the good samples and the errors of the others.
func readAll(r *Reader) (keys, errs []string) {
	for {
		s, err := r.Next()
		var bad *SampleError
		switch {
		case errors.Is(err, io.EOF):
			return keys, errs
		case errors.As(err, &bad):
			errs = append(errs, err.Error())
		case err != nil:
			return keys, append(errs, "final: "+err.Error())
		default:
			keys = append(keys, s.Key)
		}
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	whole := func(key string) []rawMember {
		return []rawMember{{name: key + ".color.png", data: "c"}, {name: key + ".gray.png", data: "g"}, {name: key + ".json", data: "{}"}}
	}
	join := func(parts ...[]rawMember) (out []rawMember) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	tests := []struct {
		name string
		tar  []rawMember
		keys []string
		errs []string
	}{
		{"empty", nil, nil, nil},
		{"two", join(whole("a"), whole("b")), []string{"a", "b"}, nil},
		{"other order", []rawMember{{name: "a.json", data: "{}"}, {name: "a.gray.png", data: "g"}, {name: "a.color.png", data: "c"}}, []string{"a"}, nil},
		{"unknown members", join([]rawMember{{name: "dir/", kind: tar.TypeDir}, {name: "README", data: "x"}, {name: "a.txt", data: "x"}}, whole("a")), []string{"a"}, nil},
		{"missing", join(whole("a")[:2], whole("b")), []string{"b"}, []string{`reading sample "a": missing .json`}},
		{"missing at the end", join(whole("a"), whole("b")[:1]), []string{"a"}, []string{`reading sample "b": missing .gray.png, .json`}},
		{"twice", join(whole("a")[:1], whole("a"), whole("b")), []string{"b"}, []string{`reading sample "a": .color.png: it occurs twice`}},
		{"bad json", join([]rawMember{{name: "a.json", data: "{"}}, whole("a")[:2], whole("b")), []string{"b"},
			[]string{`reading sample "a": .json: unexpected end of JSON input`}},
		{"link", join([]rawMember{{name: "a.json", kind: tar.TypeSymlink}}, whole("a")[:2]), nil, []string{`reading sample "a": missing .json`}},
		{"folders", whole("x.y/a"), []string{"x.y/a"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keys, errs := readAll(NewReader(bytes.NewReader(rawTar(t, tt.tar...))))
			if diff := cmp.Diff(tt.keys, keys); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.errs, errs); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReaderDamaged(t *testing.T) {
	t.Parallel()
	data := tarBytes(t, samples(t, 3))
	for _, cut := range []int{100, 600, 512 + len(samples(t, 1)[0].Color)/2, len(data) - 1024 - 512 - 100} {
		_, errs := readAll(NewReader(bytes.NewReader(data[:cut])))
		if len(errs) == 0 {
			t.Errorf("cut at %d of %d bytes: no error", cut, len(data))
		}
	}
	header := bytes.Clone(data)
	header[5] ^= 1 // inside the first name: the header's checksum fails
	if _, errs := readAll(NewReader(bytes.NewReader(header))); len(errs) == 0 || !strings.HasPrefix(errs[0], "final: reading shard") {
		t.Errorf("flipped header bit: errors %q", errs)
	}
}

// The index of random access and the stream must agree on what is in a tar, and
// nothing is larger than the tar.
func FuzzReader(f *testing.F) {
	f.Add(tarBytes(f, samples(f, 2)))
	f.Add(rawTar(f, rawMember{name: "a.json", data: "{}"}, rawMember{name: "b.json", data: "["}))
	f.Add(rawTar(f, rawMember{name: "a.json", data: "{}"}, rawMember{name: strings.Repeat("long/", 60) + "a.gray.png", data: "g"},
		rawMember{name: "a.gray.png", data: "g"}, rawMember{name: "a.color.png", data: "c"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, errs := readAll(NewReader(bytes.NewReader(data)))
		entries, err := index(bytes.NewReader(data))
		remote, errRemote := index(newReadAhead(bytes.NewReader(data), int64(len(data))))
		if (err == nil) != (errRemote == nil) {
			t.Fatalf("indexing gives %v, in blocks %v", err, errRemote)
		}
		if err != nil {
			return
		}
		if len(entries) != len(remote) || len(entries) > len(data)/512 {
			t.Fatalf("%d samples, in blocks %d, in %d bytes", len(entries), len(remote), len(data))
		}
		for i, e := range entries {
			if e != remote[i] {
				t.Errorf("sample %d: %+v, in blocks %+v", i, e, remote[i])
			}
			for _, m := range e.members {
				if m.offset < 0 || m.size < 0 || m.size > int64(len(data))-m.offset {
					t.Fatalf("sample %d: member %+v lies outside of %d bytes", i, m, len(data))
				}
			}
		}
		var indexed []string
		for _, e := range entries {
			s, err := e.read(bytes.NewReader(data))
			if err != nil {
				if len(errs) == 0 {
					t.Fatalf("%q: only random access fails: %v", e.key, err)
				}
				continue
			}
			indexed = append(indexed, s.Key)
		}
		if len(errs) == 0 {
			if diff := cmp.Diff(keys, indexed); diff != "" {
				t.Errorf("stream and index differ:\n%s", diff)
			}
		}
	})
}
