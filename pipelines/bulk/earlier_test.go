// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// TestEarlierTry: a worker that was lost has written a picture, and the one that makes
// it again computes other last bits. The first one's picture counts; what anybody else
// has written does not.
func TestEarlierTry(t *testing.T) {
	server := gcstest.Start(t)
	server.CreateBucket("out")
	at := func(claim string, run int) spec {
		return spec{Layout: layout{Output: "gs://out/set", Kind: folder}, Claim: transforms.Claim{Version: claim}, Run: run}
	}
	for _, tt := range []struct {
		name   string
		first  spec // zero for somebody else
		second spec
		data   string // of the second
		want   string // in the ledger, empty for a reject
	}{
		{"same run", at("7", 1), at("7", 1), "other bits", "first bits"},
		{"same bytes", at("7", 1), at("7", 1), "first bits", "first bits"},
		{"another run", at("7", 1), at("7", 2), "other bits", ""},
		{"another job", at("7", 1), at("8", 1), "other bits", ""},
		{"somebody else", spec{}, at("7", 1), "other bits", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			it := item{Key: "k", Output: tt.name + ".png"}
			if tt.first.Layout.Output == "" {
				server.Put("out", "set/"+it.Output, []byte("first bits"))
			} else if _, err := mustSink(t, tt.first).store(t.Context(), it, []byte("first bits")); err != nil {
				t.Fatal(err)
			}
			got, err := mustSink(t, tt.second).store(t.Context(), it, []byte(tt.data))
			if tt.want == "" {
				if !isPicture(err) {
					t.Errorf("store = %+v, %v, want a reject", got, err)
				}
			} else {
				counts := got.earlier
				if counts == nil {
					counts = []byte(tt.data)
				}
				if err != nil || got.generation == 0 || string(counts) != tt.want {
					t.Errorf("store = %+v, %v, want %q", got, err, tt.want)
				}
			}
			there, _ := server.Get("out", "set/"+it.Output)
			if diff := cmp.Diff("first bits", string(there)); diff != "" {
				t.Errorf("what is there (-want +got):\n%s", diff)
			}
		})
	}
}

func mustSink(t *testing.T, s spec) sink {
	t.Helper()
	out, err := openSink(s, "w")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := out.close(); err != nil {
			t.Error(err)
		}
	})
	return out
}
