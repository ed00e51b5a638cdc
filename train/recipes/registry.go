// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"fmt"
	"slices"
	"strings"
)

// All returns every recipe, in the report's order and then our own.
func All() []Recipe { return []Recipe{baseline(), demo()} }

// Find returns the recipe of the given name. The error names the ones there
// are.
func Find(name string) (Recipe, error) {
	all := All()
	i := slices.IndexFunc(all, func(r Recipe) bool { return r.Name == name })
	if i >= 0 {
		return all[i], nil
	}
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.Name
	}
	return Recipe{}, fmt.Errorf("no recipe is called %q; there are %s", name, strings.Join(names, ", "))
}
