// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// TestBucketFaults lets one of ten calls go wrong, in every way that a client
// can overcome: nothing is lost, and the pictures are those of a quiet run.
func TestBucketFaults(t *testing.T) {
	files := some(t)
	files["broken.png"] = []byte("no picture")
	n := int64(len(files))
	local := tiny(t, writeFolder(t, files), t.TempDir())
	wantCounts(t, mustRun(t, local), counts{n, n - 1, 0, 1})
	want := sums(t, local.Output)
	server := gcstest.Start(t)
	server.CreateBucket("out")
	for name, data := range files {
		server.Put("input", "pictures/"+name, data)
	}
	for seed := range uint64(3) {
		for i, suffix := range []string{"", ".zip", ".tar"} {
			for _, runner := range []string{"direct", "prism"} {
				if i > 0 && seed > 0 {
					continue // the folder is tried more often than the archives
				}
				o := local
				o.Input, o.Output, o.Runner = "gs://input/pictures", fmt.Sprintf("gs://out/%s/%d%s", runner, seed, suffix), runner
				server.SetFaults(seed, 0.1)
				s, err := runSmall(t, o)
				server.SetFaults(0, 0)
				if err != nil {
					t.Errorf("%s: %v", o.Output, err)
					continue
				}
				wantCounts(t, counts{s.Pictures, s.Colored, s.Skipped, s.Rejects}, counts{n, n - 1, 0, 1})
				if diff := cmp.Diff(want, outputSums(t, server, o.Output)); diff != "" {
					t.Errorf("%s: pictures (-quiet +faults):\n%s", o.Output, diff)
				}
				for name, n := range ledger(t, o.Output) {
					if n != 1 {
						t.Errorf("%s: the ledger has %d lines of %q", o.Output, n, name)
					}
				}
			}
		}
	}
	faults := 0
	for name, n := range server.Requests() {
		if strings.Contains(name, "/") {
			faults += n
		}
	}
	if faults < 50 {
		t.Errorf("only %d requests went wrong: %v", faults, server.Requests())
	}
}

// TestBucketChanges replaces and deletes objects while a job runs: each is a
// reject with a name and a reason, and the next run takes what is there then.
func TestBucketChanges(t *testing.T) {
	server := gcstest.Start(t)
	server.CreateBucket("out")
	for i := range 8 {
		server.Put("input", fmt.Sprintf("p/%02d.png", i), pngBytes(t, gray(12, 12, uint64(i))))
	}
	server.Inject(gcstest.Fault{Op: gcstest.OpList, Bucket: "input", Skip: 2, Then: func() { // the first look whether there is anything
		server.Put("input", "p/03.png", pngBytes(t, gray(12, 12, 300)))
		server.Delete("input", "p/04.png")
	}}, gcstest.Fault{Op: gcstest.OpRead, Bucket: "input", Object: "p/05.png", Kind: gcstest.Denied, Times: 100})
	o := tiny(t, "gs://input/p", "gs://out/set")
	wantCounts(t, runAny(t, o), counts{8, 5, 0, 3})
	data, _ := server.Get("out", "set/rejects.jsonl")
	var names []string
	for line := range bytes.Lines(data) {
		for _, name := range []string{"03.png", "04.png", "05.png"} {
			if bytes.Contains(line, []byte(`"source":"`+name+`","stage":"read"`)) {
				names = append(names, name)
			}
		}
	}
	if diff := cmp.Diff([]string{"03.png", "04.png", "05.png"}, names); diff != "" {
		t.Errorf("rejects (-want +got):\n%s\n%s", diff, data)
	}
	server.Put("input", "p/05.png", pngBytes(t, gray(12, 12, 500)))
	server.Inject(gcstest.Fault{Op: gcstest.OpRead, Bucket: "input", Object: "p/05.png", Times: 1000})
	s := runAny(t, o)
	if s.Pictures != 7 || s.Skipped != 5 || s.Colored < 6 {
		t.Errorf("the next run: %+v", s)
	}
}

// TestBucketOutputChanges deletes and replaces coloured pictures between two
// runs: they are made again, to the same bytes, and what another has put where
// a new picture belongs is refused, or replaced with -overwrite.
func TestBucketOutputChanges(t *testing.T) {
	server := gcstest.Start(t)
	server.CreateBucket("out")
	for i := range 6 {
		server.Put("input", fmt.Sprintf("p/%02d.png", i), pngBytes(t, gray(12, 12, uint64(i))))
	}
	o := tiny(t, "gs://input/p", "gs://out/set")
	wantCounts(t, runAny(t, o), counts{6, 6, 0, 0})
	want := outputSums(t, server, o.Output)
	old, _ := server.Get("out", "set/01.png")
	server.Delete("out", "set/00.png")
	server.Put("out", "set/01.png", old) // the same bytes, yet another's object
	server.Put("out", "set/02.png", bytes.Repeat([]byte{1}, len(old)))
	wantCounts(t, runAny(t, o), counts{6, 6, 3, 0})
	if diff := cmp.Diff(want, outputSums(t, server, o.Output)); diff != "" {
		t.Errorf("pictures made again (-want +got):\n%s", diff)
	}
	// Another's object where a picture that is new belongs.
	server.Put("input", "p/06.png", pngBytes(t, gray(12, 12, 6)))
	server.Put("out", "set/06.png", []byte("mine"))
	if _, err := Run(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), "06.png") {
		t.Errorf("error %v, want a request error about 06.png", err)
	}
	// One that comes between the listing and the write.
	server.Delete("out", "set/06.png")
	server.Inject(gcstest.Fault{Op: gcstest.OpRead, Bucket: "input", Object: "p/06.png", Then: func() {
		server.Put("out", "set/06.png", []byte("mine"))
	}})
	wantCounts(t, runAny(t, o), counts{7, 6, 6, 1})
	if data, _ := server.Get("out", "set/06.png"); string(data) != "mine" {
		t.Errorf("another's object is now %q", data)
	}
	if data, _ := server.Get("out", "set/rejects.jsonl"); !bytes.Contains(data, []byte("another file of this name")) {
		t.Errorf("rejects: %s", data)
	}
	o.Overwrite = true
	wantCounts(t, runAny(t, o), counts{7, 7, 6, 0})
	o.Overwrite = false
	wantCounts(t, runAny(t, o), counts{7, 7, 7, 0})
}

// TestBucketRequests lists what cannot work with an output under gs://.
func TestBucketRequests(t *testing.T) {
	server := gcstest.Start(t)
	server.CreateBucket("out")
	picture := pngBytes(t, gray(9, 9, 1))
	server.Put("input", "p/a.png", picture)
	server.Put("input", "p/sub/b.png", picture)
	server.Put("input", "list.txt", []byte("p\n"))
	server.Put("out", "report/report.html", []byte("mine"))
	server.Put("out", "x.zip", []byte("mine"))
	server.Put("out", "pictures/a.png", []byte("mine"))
	local := writeFolder(t, map[string][]byte{"a.png": picture, "list.txt": []byte("gs://input/p/sub\n")})
	for _, tt := range []struct{ input, output, want string }{
		{"gs://input/p", "gs://input/p", "must not be the input"},
		{"gs://input/p", "gs://input/p/", "must not be the input"},
		{"gs://input/p", "gs://input/p/out", "must not lie inside the input"},
		{"gs://input/p/sub", "gs://input/p", "must not lie inside the output"},
		{"gs://input/list.txt", "gs://input/p/out", "output must not lie inside"},
		{"gs://input/p/**/*.png", "gs://input/p/out", "output must not lie inside"},
		{"gs://input/p/*/*.png", "gs://input/p/sub", "input must not lie inside"},
		{local + "/list.txt", "gs://input/p", "input must not lie inside"},
		{"gs://input/none", "gs://out/x", "there is no such object"},
		{"gs://input/p", "gs://A/x", "bucket"},
		{"gs://input/p", "gs://none/x", "does not exist"},
		{"gs://input/p", "gs://none/x.zip", ""},
		{"gs://input/p", "gs://out/x.tar.gz", "pictures do not become smaller by gzip"},
		{local, "gs://out/report", "use -overwrite"},
		{local, "gs://out/x.zip", "use -overwrite"},
		{local, "gs://out/pictures", `did not write, such as "a.png"`},
	} {
		before := server.Requests()[string(gcstest.OpWrite)]
		_, err := Run(t.Context(), tiny(t, tt.input, tt.output))
		if !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s to %s: error %v (a request's: %v), want one with %q", tt.input, tt.output, err, fault.IsRequest(err), tt.want)
		}
		if n := server.Requests()[string(gcstest.OpWrite)] - before; n > 0 && !strings.HasPrefix(tt.output, "gs://none/") {
			t.Errorf("%s to %s: the refused request wrote %d objects", tt.input, tt.output, n)
		}
	}
}
