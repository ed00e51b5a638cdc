// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	box "github.com/chromabeam/chromabeam/model/builtin"
)

// TestBuiltinCard: the card of the model in the box has the recipe's settings, so
// that the recipe makes that very model again.
func TestBuiltinCard(t *testing.T) {
	t.Parallel()
	card, err := box.ReadCard()
	if err != nil {
		t.Fatal(err)
	}
	recipe, err := Find(card.Recipe)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(card.Settings)
	if err != nil {
		t.Fatal(err)
	}
	// A key that came later than the model is 0, as when it did not exist.
	var settings Recipe
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&settings); err != nil {
		t.Fatal(err)
	}
	settings.About = recipe.About
	if diff := cmp.Diff(recipe, settings); diff != "" {
		t.Errorf("settings (-recipe +card):\n%s", diff)
	}
}
