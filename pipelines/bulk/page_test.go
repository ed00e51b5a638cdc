// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// Beam has taken -update for Dataflow.
var updateGolden = flag.Bool("update-golden", false, "write the golden files anew")

func renderPage(t testing.TB, r reportRecord, rejects []fault.Reject, pairs []report.Pair) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Render(&b, r.page(sampleSettings, rejects, pairs)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// ownRecord is report.json without what others put in.
func ownRecord(t *testing.T, r reportRecord) string {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields, "job")
	delete(fields, "summary")
	var b bytes.Buffer
	if err := report.WriteJSON(&b, fields); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPageGolden pins page and record of a job of 10,000 pictures, without style
// and thumbnails.
func TestPageGolden(t *testing.T) {
	t.Parallel()
	r, rejects := sampleRecord(10_000)
	page := renderPage(t, r, rejects, samplePairs(t))
	page = regexp.MustCompile(`base64,[A-Za-z0-9+/=&#;]+`).ReplaceAllString(page, "base64,...")
	page = regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>|script-src '[^']*'`).ReplaceAllString(page, "")
	record := ownRecord(t, r)
	for name, got := range map[string]string{"page.html": page, "report.json": record} {
		golden := filepath.Join("testdata", name)
		if *updateGolden {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatalf("%v; go test -update-golden makes it", err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("differs from %s; look at it and run go test -update-golden (-want +got):\n%s", golden, diff)
		}
	}
}

// TestPageIsBounded: a hundred times the pictures do not make the files larger.
func TestPageIsBounded(t *testing.T) {
	t.Parallel()
	noise := rand.New(rand.NewPCG(5, 6))
	random := image.NewRGBA(image.Rect(0, 0, 256, 256)) // what compresses least
	for i := range random.Pix {
		random.Pix[i] = uint8(noise.Uint32())
	}
	worst, err := inference.Thumbnail(random)
	if err != nil {
		t.Fatal(err)
	}
	var pairs []report.Pair
	for i := range maxThumbs / 2 / len(worst) {
		pairs = append(pairs, report.Pair{Caption: strings.Repeat(`"`, 4000), Before: report.Picture{Data: worst}, After: report.Picture{Data: worst}})
		pairs[i].Caption += fmt.Sprint(i)
	}
	for _, n := range []int64{10_000, 1_000_000} {
		r, rejects := sampleRecord(n)
		for i := range rejects[:maxListed] {
			rejects[i].Source, rejects[i].Reason = strings.Repeat(`"'`, 2000), strings.Repeat("&'", 2000)
		}
		page := renderPage(t, r, rejects, pairs)
		var record bytes.Buffer
		if err := report.WriteJSON(&record, r); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d pictures: page %d bytes, record %d bytes", n, len(page), record.Len())
		if len(page) > 2<<20 || record.Len() > 128<<10 {
			t.Errorf("%d pictures: page has %d bytes, want at most 2 MiB; record %d, want at most 128 KiB", n, len(page), record.Len())
		}
	}
}

func TestPageTexts(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"every picture was used":    rejectNote(Summary{Pictures: 5}),
		"under 0.1%, reasons below": rejectNote(Summary{Pictures: 1e6, Rejects: 1}),
		"4.2%, reasons below":       rejectNote(Summary{Pictures: 1e6, Rejects: 41_828}),
		"100%, reasons below":       rejectNote(Summary{Pictures: 3, Rejects: 3}),
		"0.42 s":                    duration(0.42),
		"59.9 s":                    duration(59.9),
		"4m10s":                     duration(250),
		"1h0m":                      duration(3599.9),
		"26h3m":                     duration(26*3600 + 180),
		"The device set the pace: it was busy 97% of the time.": reportRecord{Busy: &utilization{Device: 0.97, Codec: 0.9}}.pace(),
		"Decoding and encoding set the pace: their 2 workers were busy 91% of the time.": reportRecord{
			Busy: &utilization{Device: 0.9, Codec: 0.91, CodecLanes: 2},
		}.pace(),
		"Nothing was left to do: all pictures had been dealt with by earlier runs.": reportRecord{Summary: Summary{Colored: 3, Skipped: 3}}.lead(),
		"This run coloured 1 picture in 2.0 s; 3 had been coloured before.": reportRecord{
			Summary: Summary{Colored: 4, Skipped: 3, Seconds: 2},
		}.lead(),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestByReason: reasons of one kind count together, and there are at most
// maxKinds, the last of which is the sum of the others.
func TestByReason(t *testing.T) {
	t.Parallel()
	var rejects []fault.Reject
	add := func(n int, stage fault.Stage, format string, args ...any) {
		for range n {
			rejects = append(rejects, fault.Reject{Stage: stage, Reason: fmt.Sprintf(format, args...)})
		}
	}
	add(3, fault.StageRead, "the file has %d bytes", 100)
	add(2, fault.StageDecode, "the file has %d bytes", 100)
	add(2, fault.StageDecode, "the file has %d bytes", 7)
	add(1, fault.StageWrite, `"a" and "b" differ`)
	add(1, fault.StageWrite, `"c" and "d" differ`)
	want := []reason{
		{fault.StageDecode, "the file has … bytes", 4}, {fault.StageRead, "the file has 100 bytes", 3}, {fault.StageWrite, "… and … differ", 2},
	}
	if diff := cmp.Diff(want, byReason(rejects)); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	for i := range 3 * maxKinds {
		add(1, fault.StageInfer, "%s", strings.Repeat("x", i+1))
	}
	got := byReason(rejects)
	var sum int64
	for _, r := range got {
		sum += r.Count
	}
	if last := got[len(got)-1]; len(got) != maxKinds || sum != int64(len(rejects)) || last.Reason != "other reasons" {
		t.Errorf("%d kinds of %d rejects in all, want %d of %d; the last is %+v", len(got), sum, maxKinds, len(rejects), last)
	}
	if got := byReason(nil); got == nil || len(got) != 0 {
		t.Errorf("without rejects there are %#v", got)
	}
}
