// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
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

// Apply returns the recipe with settings of the form key=value. A size among
// them comes first and takes num_downs along ([Recipe.Resize]), so that the
// other settings have the last word; the command shows them all. Errors are
// those of [Recipe.Set], all of them joined.
func (r Recipe) Apply(settings ...string) (Recipe, error) {
	var problems []error
	var sizes, others [][2]string
	var flags []string
	for _, s := range settings {
		key, value, found := strings.Cut(s, "=")
		switch {
		case !found:
			problems = append(problems, fmt.Errorf("a setting must be key=value, got %q", s))
		case key == "size":
			sizes = append(sizes, [2]string{key, value})
		default:
			others = append(others, [2]string{key, value})
		}
		flags = append(flags, "-set "+s)
	}
	changed := r
	for _, s := range sizes {
		probe := changed
		if err := probe.Set(s[0], s[1]); err != nil {
			problems = append(problems, err)
			continue
		}
		changed = changed.Resize(probe.Size)
	}
	for _, s := range others {
		problems = append(problems, changed.Set(s[0], s[1]))
	}
	if err := errors.Join(problems...); err != nil {
		return r, err
	}
	changed.Command = withFlags(r.Command, flags...)
	return changed, nil
}

// Apply returns the experiment with settings, as [Recipe.Apply] does. The key
// that a sweep varies cannot be set.
func (e Experiment) Apply(settings ...string) (Experiment, error) {
	var problems []error
	for _, s := range settings {
		if key, _, _ := strings.Cut(s, "="); e.Sweep() && key == e.Vary.Key {
			problems = append(problems, fmt.Errorf("%s is what recipe %s varies, so it cannot be set; got %q", key, e.Name, s))
		}
	}
	changed, err := e.Recipe.Apply(settings...)
	if err := errors.Join(append(problems, err)...); err != nil {
		return e, err
	}
	e.Recipe = changed
	return e, nil
}
