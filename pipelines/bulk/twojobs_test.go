// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// TestTwoJobs runs two jobs for one output at the same time: in a folder one is
// refused; in a bucket whatever happens to each, the next run ends with what one
// job alone makes.
func TestTwoJobs(t *testing.T) {
	files := some(t)
	server := gcstest.Start(t)
	server.CreateBucket("out")
	for name, data := range files {
		server.Put("input", "pictures/"+name, data)
	}
	folder := writeFolder(t, files)
	alone := tiny(t, folder, t.TempDir()+"/alone")
	mustRun(t, alone)
	want := outputSums(t, server, alone.Output)
	for i, output := range []string{t.TempDir() + "/out", t.TempDir() + "/out.zip", "gs://out/folder", "gs://out/a.zip", "gs://out/a.tar"} {
		for _, same := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d same %v", i, same), func(t *testing.T) {
				a := alone
				a.Output = strings.Replace(output, "/out/", fmt.Sprintf("/out/%v/", same), 1)
				if strings.HasPrefix(output, "gs:") {
					a.Input = "gs://input/pictures"
				} else {
					a.Output = t.TempDir() + output[strings.LastIndex(output, "/"):]
				}
				b := a
				if !same {
					b.Format, b.Overwrite = FormatJPEG, true
				}
				errs := together(t, a, b)
				t.Logf("ended with %v and %v", errs[0], errs[1])
				for _, err := range errs {
					if err != nil && !errors.Is(err, transforms.ErrTakenOver) && !errors.Is(err, store.ErrLocked) && !fault.IsRequest(err) {
						t.Errorf("an odd error: %v", err)
					}
				}
				if !slices.Contains(errs, nil) {
					t.Error("both failed")
				}
				a.Overwrite = !same
				s := runAny(t, a)
				if n := int64(len(files)); s.Colored != n {
					t.Errorf("the next run: %+v", s)
				}
				got := outputSums(t, server, a.Output)
				for name, s := range want { // another format's pictures may lie there as well
					if got[name] != s {
						t.Errorf("%s has other bytes than the job alone makes", name)
					}
				}
				if same && len(got) != len(want) {
					t.Errorf("%d pictures, want %d", len(got), len(want))
				}
			})
		}
	}
}

// TestTakenOver lets another run take an output in a bucket over while pictures
// are written: the first stops, and the pictures are the second's.
func TestTakenOver(t *testing.T) {
	files := some(t)
	folder := writeFolder(t, files)
	server := gcstest.Start(t)
	server.CreateBucket("out")
	for i, suffix := range []string{"", ".zip", ".tar"} {
		for _, format := range []Format{FormatSame, FormatPNG} {
			t.Run(suffix+" "+string(format), func(t *testing.T) {
				first := tiny(t, folder, fmt.Sprintf("gs://out/%d-%s%s", i, format, suffix))
				second := first
				second.Format, second.Overwrite = format, format != first.Format
				alone := second
				alone.Output = t.TempDir() + "/alone" + suffix
				mustRun(t, alone)
				var err error
				server.Inject(gcstest.Fault{Op: gcstest.OpWrite, Bucket: "out", Skip: 12, Then: func() {
					_, err = runSmall(t, second)
				}})
				if _, err := runSmall(t, first); !errors.Is(err, transforms.ErrTakenOver) {
					t.Errorf("the first ended with %v, want %v", err, transforms.ErrTakenOver)
				}
				if err != nil {
					t.Errorf("the second ended with %v", err)
				}
				s := runAny(t, second)
				if s.Rejects > 0 || s.Colored != int64(len(files)) {
					t.Errorf("the next run: %+v", s)
				}
				got := outputSums(t, server, second.Output)
				for name, s := range outputSums(t, server, alone.Output) {
					if got[name] != s {
						t.Errorf("%s has other bytes than the job alone makes", name)
					}
				}
			})
		}
	}
}

// together runs jobs at the same time.
func together(t *testing.T, jobs ...Options) []error {
	t.Helper()
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
	return errs
}
