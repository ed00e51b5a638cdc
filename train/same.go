// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"strings"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// sameRecipe refuses to go on with other values, naming each.
func sameRecipe(run string, there, wanted recipes.Recipe) error {
	parts := recipeDifferences(there, wanted)
	if len(parts) == 0 {
		return nil
	}
	return fault.Request("the run in %q has another recipe; it differs in %s", run, strings.Join(parts, ", "))
}

// recipeDifferences says of each key in which two recipes differ what it is in
// either.
func recipeDifferences(there, wanted recipes.Recipe) []string {
	keys := recipes.Differences(there, wanted)
	parts := make([]string, len(keys))
	for i, key := range keys {
		before, _ := there.Value(key)
		now, _ := wanted.Value(key)
		parts[i] = fmt.Sprintf("%s (%v there, %v asked for)", key, before, now)
	}
	return parts
}

// sameData refuses to go on with another data set.
func sameData(run string, there, wanted dataRecord) error {
	if there.ManifestSHA256 == wanted.ManifestSHA256 {
		return nil
	}
	return fault.Request("the run in %q has another data set; manifest_sha256 is %.12s there (%s), %.12s in %s",
		run, there.ManifestSHA256, there.Path, wanted.ManifestSHA256, wanted.Path)
}

// sameInit refuses to go on with a run that started from other weights.
func sameInit(run string, there, wanted *initRecord) error {
	name := func(r *initRecord) string {
		if r == nil {
			return "random weights"
		}
		return fmt.Sprintf("%.12s (%s)", r.SHA256, r.Path)
	}
	if wanted == nil { // it goes on from where it started
		return nil
	}
	if there != nil && there.SHA256 == wanted.SHA256 {
		return nil
	}
	return fault.Request("the run in %q started from other weights: from %s there, %s asked for", run, name(there), name(wanted))
}

// sameStart tells whether two runs started from the same weights, random ones
// among them.
func sameStart(a, b *initRecord) bool {
	return a == nil && b == nil || a != nil && b != nil && a.SHA256 == b.SHA256
}
