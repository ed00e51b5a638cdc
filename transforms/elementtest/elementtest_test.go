// SPDX-License-Identifier: Apache-2.0

package elementtest

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type inner struct{ hidden int }

type outer struct {
	inner

	Name  string
	Parts []inner
	small int
}

func TestProblems(t *testing.T) {
	t.Parallel()
	_ = outer{inner: inner{hidden: 1}, small: 1}
	tests := []struct {
		name string
		of   reflect.Type
		want []string
	}{
		{"whole", reflect.TypeFor[struct {
			Name string
			Data []byte
			At   struct{ X, Y int }
		}](), nil},
		{"no struct", reflect.TypeFor[int](), nil},
		{"hidden", reflect.TypeFor[inner](), []string{"x.hidden is not exported"}},
		{"all kinds", reflect.TypeFor[outer](), []string{
			"x.inner is embedded", "x.Parts.hidden is not exported", "x.small is not exported",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, problems(tt.of, "x")); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
