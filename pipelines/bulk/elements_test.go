// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"reflect"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/elementtest"
)

func TestElements(t *testing.T) {
	t.Parallel()
	elementtest.Whole(t, reflect.TypeFor[item](), reflect.TypeFor[totals]())
}
