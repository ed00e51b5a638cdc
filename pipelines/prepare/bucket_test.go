// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// tars returns the digests of the shards alone: a job's records name versions,
// which differ from place to place.
func tars(found map[string]string) map[string]string {
	found = maps.Clone(found)
	maps.DeleteFunc(found, func(name, _ string) bool { return !strings.HasSuffix(name, ".tar") })
	return found
}

// nastyNames are names that a bucket may hold.
func nastyNames() []string {
	return []string{"a#b.png", "a?b=c.png", "100%25.png", "with space.png", "ümläut.png", "new\nline.png", "a+b&c.png", "dir/sub/x.png"}
}

// TestBucket prepares from a bucket into a bucket, and wants the shards that the
// same pictures make in a folder.
func TestBucket(t *testing.T) {
	files := someFiles(t, 40)
	for i, name := range nastyNames() {
		files[name] = pngOf(t, picture(1000+i, 20, 20))
	}
	local := options(t, writeFolder(t, files))
	summary := run(t, local)
	server := gcstest.Start(t)
	server.CreateBucket("out")
	for name, data := range files {
		server.Put("input", "pictures/"+name, data)
	}
	server.Put("input", "picturesque/other.png", pngOf(t, picture(99, 20, 20))) // another folder
	server.Put("input", "all.zip", zipOf(t, files))
	for _, runner := range []string{"direct", "prism"} {
		for _, input := range []string{"gs://input/pictures", "gs://input/pictures/**/*.png", "gs://input/all.zip"} {
			t.Run(runner+" "+input, func(t *testing.T) {
				o := options(t, input)
				o.Output, o.Runner = fmt.Sprintf("gs://out/%s/%d", runner, len(input)), runner
				s := run(t, o)
				verify(t, o.Output)
				if got, want := s.Samples(), summary.Samples(); got != want || s.Rejects != summary.Rejects {
					t.Errorf("%d pictures, %d rejects, want %d and %d", got, s.Rejects, want, summary.Rejects)
				}
				want := tars(contents(t, local.Output))
				if diff := cmp.Diff(want, tars(objects(server, o.Output))); diff != "" {
					t.Errorf("shards (-folder +bucket):\n%s", diff)
				}
				before := server.Requests()[string(gcstest.OpWrite)]
				if s := run(t, o); s.ReusedShards != s.Shards {
					t.Errorf("a second run kept %d of %d shards", s.ReusedShards, s.Shards)
				}
				if n := server.Requests()[string(gcstest.OpWrite)] - before; n > 4 {
					t.Errorf("a second run wrote %d objects", n)
				}
			})
		}
	}
}

// TestBucketFaults lets one of ten calls go wrong, in every way that a client
// can overcome: nothing is lost, and the shards are those of a quiet run.
func TestBucketFaults(t *testing.T) {
	files := someFiles(t, 60)
	local := options(t, writeFolder(t, files))
	summary := run(t, local)
	server := gcstest.Start(t)
	server.CreateBucket("out")
	for name, data := range files {
		server.Put("input", "pictures/"+name, data)
	}
	for seed := range uint64(3) {
		for _, runner := range []string{"direct", "prism"} {
			o := options(t, "gs://input/pictures")
			o.Output, o.Runner = fmt.Sprintf("gs://out/%s/%d", runner, seed), runner
			server.SetFaults(seed, 0.1)
			s, err := Run(t.Context(), o)
			server.SetFaults(0, 0)
			if err != nil {
				t.Errorf("seed %d on %s: %v", seed, runner, err)
				continue
			}
			verify(t, o.Output)
			if s.Samples() != summary.Samples() || s.Rejects != summary.Rejects {
				t.Errorf("seed %d on %s: summary %+v, want %+v", seed, runner, s, summary)
			}
			if diff := cmp.Diff(tars(contents(t, local.Output)), tars(objects(server, o.Output))); diff != "" {
				t.Errorf("seed %d on %s: shards (-quiet +faults):\n%s", seed, runner, diff)
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
	for i := range 12 {
		server.Put("input", fmt.Sprintf("p/%02d.png", i), pngOf(t, picture(i, 20, 20)))
	}
	server.Inject(gcstest.Fault{Op: gcstest.OpList, Bucket: "input", Skip: 1, Then: func() { // the first looks whether there is anything
		server.Put("input", "p/03.png", pngOf(t, picture(300, 20, 20)))
		server.Delete("input", "p/04.png")
	}}, gcstest.Fault{Op: gcstest.OpRead, Bucket: "input", Object: "p/05.png", Kind: gcstest.Denied, Times: 100})
	o := options(t, "gs://input/p")
	o.Output = "gs://out/set"
	s := run(t, o)
	rejects, err := shard.ReadRejects(t.Context(), storeOf(t, o.Output))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range rejects {
		names = append(names, r.Source)
		if r.Stage != fault.StageRead || r.Reason == "" {
			t.Errorf("reject %+v", r)
		}
	}
	if diff := cmp.Diff([]string{"03.png", "04.png", "05.png"}, names); diff != "" || s.Samples() != 9 {
		t.Errorf("%d pictures, rejects (-want +got):\n%s", s.Samples(), diff)
	}
}

// TestTwoJobs runs two jobs for one output at the same time, in a folder and in
// a bucket: whatever happens to each, what lies there in the end is one job's,
// whole.
func TestTwoJobs(t *testing.T) {
	files := someFiles(t, 40)
	server := gcstest.Start(t)
	server.CreateBucket("out")
	for name, data := range files {
		server.Put("input", "pictures/"+name, data)
	}
	for i, p := range []struct{ input, output string }{
		{writeFolder(t, files), t.TempDir()}, {"gs://input/pictures", "gs://out"},
	} {
		for _, overwrite := range []bool{false, true} {
			for _, same := range []bool{true, false} {
				name := fmt.Sprintf("%s same %v overwrite %v", []string{"folder", "bucket"}[i], same, overwrite)
				t.Run(name, func(t *testing.T) {
					a := options(t, p.input)
					a.Output = p.output + "/" + strings.ReplaceAll(name, " ", "-")
					b := a
					if !same {
						b.Seed, b.Size = 8, 24
					}
					if overwrite {
						first := a
						first.Seed = 99
						run(t, first)
						a.Overwrite, b.Overwrite = true, true
					}
					twoJobs(t, a, b)
				})
			}
		}
	}
}

func twoJobs(t *testing.T, a, b Options) {
	t.Helper()
	jobs := []Options{a, b}
	errs := make([]error, len(jobs))
	done := make(chan int)
	for i, o := range jobs {
		go func() {
			_, errs[i] = Run(context.WithoutCancel(t.Context()), o)
			done <- i
		}()
	}
	for range jobs {
		<-done
	}
	t.Logf("ended with %v and %v", errs[0], errs[1])
	won := slices.Index(errs, nil)
	for _, err := range errs {
		if err != nil && strings.Contains(err.Error(), "\n  ") && !fault.IsRequest(err) {
			t.Errorf("an odd error: %v", err)
		}
	}
	if won < 0 {
		// Each may have stopped for the other; then the next run mends it.
		for _, err := range errs {
			if !errors.Is(err, transforms.ErrTakenOver) && !fault.IsRequest(err) {
				t.Errorf("both failed, one with %v", err)
			}
		}
		jobs[0].Overwrite = true
		run(t, jobs[0])
	}
	verify(t, a.Output)
	d, err := shard.ReadInfo(t.Context(), storeOf(t, a.Output))
	if err != nil {
		t.Fatal(err)
	}
	if n := slices.IndexFunc(jobs, func(o Options) bool { return o.Size == d.Size && o.Seed == d.Seed }); n < 0 {
		t.Errorf("the output is nobody's: %+v", d)
	} else {
		alone := jobs[n]
		alone.Output, alone.Overwrite = t.TempDir()+"/alone", false
		run(t, alone)
		want, err := shard.ReadInfo(t.Context(), storeOf(t, alone.Output))
		if err != nil || want.ManifestSHA256 != d.ManifestSHA256 {
			t.Errorf("the output's manifest is %s, the job's alone %s (%v)", d.ManifestSHA256, want.ManifestSHA256, err)
		}
	}
}
