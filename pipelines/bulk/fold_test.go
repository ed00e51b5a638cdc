// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// nowhere is a source that has nothing to read.
type nowhere struct{ source.Source }

// unused is a store that is not written to.
type unused struct{ store.Store }

func (nowhere) URI() string { return "nowhere" }

// TestFolded: of names that differ in case alone the first is used, where the
// output does not tell them apart; elsewhere all are.
func TestFolded(t *testing.T) {
	t.Parallel()
	names := []string{"A.png", "B/x.png", "a.PNG", "b/X.png", "b/y.png", "É.png", "é.png"}
	for _, tt := range []struct {
		name   string
		folded folded
		want   []string // rejected
	}{
		{"case counts", nil, nil},
		{"case does not count", folded{}, []string{"a.PNG", "b/X.png", "é.png"}},
	} {
		p := &planner{
			job: job{Format: FormatSame}, folded: tt.folded, known: book{}, names: newTaken(), src: nowhere{},
			roundPlan: roundPlan{listed: map[[16]byte]struct{}{}}, st: unused{},
		}
		for _, name := range names {
			if err := p.add(t.Context(), source.Ref{URI: "nowhere", Member: []byte(name), Size: 1}); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, it := range p.lines {
			if it.Stage != "" {
				got = append(got, string(it.Ref.Member))
				if !it.Transient || !strings.Contains(it.Reason, "in case alone") || it.Output != "" {
					t.Errorf("%s: reject %+v", tt.name, it)
				}
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: rejects (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestFoldedRun colours into a folder that looks as if it did not tell case
// apart: one picture of two, and the other when the first is gone.
func TestFoldedRun(t *testing.T) {
	t.Parallel()
	pictures := writeZip(t, []member{{"A.png", pngBytes(t, gray(9, 9, 1))}, {"a.png", pngBytes(t, gray(9, 9, 2))}})
	o := tiny(t, pictures, t.TempDir())
	if err := os.Symlink(stateName, filepath.Join(o.Output, strings.ToUpper(stateName))); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	wantCounts(t, mustRun(t, o), counts{2, 1, 0, 1})
	wantCounts(t, mustRun(t, o), counts{2, 1, 1, 1})
	if err := os.Rename(writeZip(t, []member{{"a.png", pngBytes(t, gray(9, 9, 2))}}), pictures); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, mustRun(t, o), counts{1, 1, 0, 0})
}
