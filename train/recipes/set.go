// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"fmt"
	"reflect"
	"strconv"
)

// Set changes one value, given as text. Errors name an unknown key and the
// nearest known one, or the key's range and the value given; the recipe is
// then unchanged. Rules between keys are left to [Recipe.Validate], so that
// the order of several settings does not matter.
func (r *Recipe) Set(key, value string) error {
	target, ok := r.field(key)
	if !ok {
		return fmt.Errorf("no key is called %q; the nearest is %q", key, nearest(key))
	}
	parsed := reflect.New(target.Type()).Elem()
	if err := parse(parsed, value); err != nil {
		return fmt.Errorf("%s %s, got %q", key, rules[key], value)
	}
	if err := rules[key].check(key, parsed); err != nil {
		return err
	}
	target.Set(parsed)
	return nil
}

// parse reads text into a value of a field's kind.
func parse(v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 64)
		v.SetInt(n)
		return err
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, 64)
		v.SetUint(n)
		return err
	case reflect.Float64:
		x, err := strconv.ParseFloat(text, 64)
		v.SetFloat(x)
		return err
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return err
	case reflect.String:
		v.SetString(text)
		return nil
	default:
		return fmt.Errorf("a recipe cannot hold a %s", v.Kind())
	}
}
