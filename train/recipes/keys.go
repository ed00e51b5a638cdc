// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"reflect"
	"slices"
	"strings"
)

// aboutKey is the JSON key of [About], which holds no settings.
const aboutKey = "about"

// Keys returns the names that [Recipe.Set] takes, in the order of the fields.
func Keys() []string {
	var keys []string
	for f := range reflect.TypeFor[Recipe]().Fields() {
		if key := f.Tag.Get("json"); key != aboutKey {
			keys = append(keys, key)
		}
	}
	return keys
}

// field returns the settable value of a key, or false.
func (r *Recipe) field(key string) (reflect.Value, bool) {
	v := reflect.ValueOf(r).Elem()
	for f := range v.Type().Fields() {
		if f.Tag.Get("json") == key && key != aboutKey {
			return v.FieldByIndex(f.Index), true
		}
	}
	return reflect.Value{}, false
}

// Differences returns the keys in which two recipes differ, in the order of
// [Keys]. What [About] says does not count.
func Differences(a, b Recipe) []string {
	var keys []string
	for _, key := range Keys() {
		x, _ := a.field(key)
		y, _ := b.field(key)
		if !x.Equal(y) {
			keys = append(keys, key)
		}
	}
	return keys
}

// Value returns the value of a key, or false where there is no such key.
func (r Recipe) Value(key string) (any, bool) {
	v, ok := r.field(key)
	if !ok {
		return nil, false
	}
	return v.Interface(), true
}

// nearest returns the key that takes the fewest edits to reach.
func nearest(word string) string {
	return slices.MinFunc(Keys(), func(a, b string) int {
		return edits(strings.ToLower(word), a) - edits(strings.ToLower(word), b)
	})
}

// edits is the Levenshtein distance of two short words.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
