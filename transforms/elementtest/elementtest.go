// SPDX-License-Identifier: Apache-2.0

// Package elementtest checks the types of what crosses a pipeline's shuffles.
package elementtest

import (
	"reflect"
	"testing"
)

// Whole fails the test where a type would not arrive as it was sent: a worker in a
// process of its own knows of an element what its schema says, so fields must be exported
// and nothing may be embedded, in the type and in those of its fields.
func Whole(tb testing.TB, types ...reflect.Type) {
	tb.Helper()
	for _, t := range types {
		for _, problem := range problems(t, t.String()) {
			tb.Error(problem)
		}
	}
}

func problems(t reflect.Type, path string) (found []string) {
	switch t.Kind() { //nolint:exhaustive // the others hold no fields
	case reflect.Struct:
		for f := range t.Fields() {
			name := path + "." + f.Name
			switch {
			case f.Anonymous:
				found = append(found, name+" is embedded")
			case !f.IsExported():
				found = append(found, name+" is not exported")
			default:
				found = append(found, problems(f.Type, name)...)
			}
		}
	case reflect.Slice, reflect.Array, reflect.Pointer:
		return problems(t.Elem(), path)
	}
	return found
}
