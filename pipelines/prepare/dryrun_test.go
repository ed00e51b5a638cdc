// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"os"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// TestDryRun forecasts what a run then makes, and leaves no trace.
func TestDryRun(t *testing.T) {
	t.Parallel()
	files := someFiles(t, 40)
	bytes := int64(0)
	for _, data := range files {
		bytes += int64(len(data))
	}
	input := writeFolder(t, files)
	for _, tt := range []struct {
		name   string
		change func(*Options)
	}{
		{"shards", func(*Options) {}},
		{"pictures a shard", func(o *Options) { o.Sharding = Sharding{Pictures: 10} }},
		{"bytes a shard", func(o *Options) { o.Sharding = Sharding{Bytes: minShardBytes} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := options(t, input)
			tt.change(&o)
			f, err := DryRun(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(o.Output); err == nil {
				t.Error("a dry run left an output")
			}
			s := run(t, o)
			if f.Pictures != int64(len(files)) || f.Bytes != bytes || int64(f.Train+f.Val+f.Test) != s.Shards || f.Begun || f.Submission != nil {
				t.Errorf("forecast %+v of %d bytes, and the run makes %+v", f, bytes, s)
			}
			if f, err := DryRun(t.Context(), o); err != nil || !f.Begun {
				t.Errorf("after the run: %+v, %v", f, err)
			}
		})
	}
}

// TestDryRunRefuses what a run would refuse.
func TestDryRunRefuses(t *testing.T) {
	t.Parallel()
	files := someFiles(t, 3)
	done := options(t, writeFolder(t, files))
	run(t, done)
	foreign := options(t, done.Input)
	foreign.Output = writeFolder(t, map[string][]byte{"mine.txt": []byte("mine")})
	other := done
	other.Size = 32
	empty := options(t, t.TempDir())
	invalid := done
	invalid.Seed, invalid.ValPercent = 1, 200
	for _, tt := range []struct {
		name string
		o    Options
		want string
	}{
		{"other settings", other, "size was 16, now 32"},
		{"foreign files", foreign, "other files (mine.txt)"},
		{"no pictures", empty, "holds no pictures"},
		{"options", invalid, "val-percent must be in"},
	} {
		if _, err := DryRun(t.Context(), tt.o); !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: DryRun = %v, want %q", tt.name, err, tt.want)
		}
	}
	other.Overwrite = true
	if f, err := DryRun(t.Context(), other); err != nil || f.Pictures != int64(len(files)) {
		t.Errorf("overwriting: %+v, %v", f, err)
	}
}
