// SPDX-License-Identifier: Apache-2.0

package train

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

func TestFacts(t *testing.T) {
	t.Parallel()
	known := Result{Epochs: 2, TrainL1: 0.125, BestEpoch: 1, BestL1: 0.2, Validation: &Scores{
		Quality: pixel.Quality{L1: 0.25, PSNR: 20, SSIM: 0.75, CIEDE2000: 12.5, Colorfulness: 30},
	}}
	tests := []struct {
		name       string
		result     Result
		validation int
		want       map[string]string
	}{
		{"whole", known, 4, map[string]string{
			"training L1": "0.1250", "validation L1": "0.2500", "validation PSNR": "20.00 dB",
			"SSIM": "0.750", "CIEDE2000": "12.50", "colourfulness": "30.0",
			"pictures": "1,234", "weights": "387,235",
		}},
		{"no validation", Result{Epochs: 2, TrainL1: 0.125, BestEpoch: 1, BestL1: 0.2}, 0, map[string]string{
			"training L1": "0.1250", "pictures": "1,234", "weights": "387,235",
		}},
		{"first epoch", Result{Steps: 3}, 4, map[string]string{"pictures": "1,234", "weights": "387,235"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := make(map[string]string)
			for _, f := range facts(tt.result, record{
				Parameters: 387_235, Data: dataRecord{Train: 1234, Validation: tt.validation},
			}) {
				got[f.Label] = f.Value
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestResultJSON leaves out what a run that ended in its first epoch does not
// know.
func TestResultJSON(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(Result{Status: StatusInterrupted, Steps: 3, Report: "report.html"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"status":"interrupted","epochs":0,"steps":3,"report":"report.html"}`, string(got)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}
