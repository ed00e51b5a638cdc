// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"reflect"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/elementtest"
	"github.com/chromabeam/chromabeam/transforms/plan"
)

func TestElements(t *testing.T) {
	t.Parallel()
	elementtest.Whole(t, reflect.TypeFor[planRun](), reflect.TypeFor[plan.Task](), reflect.TypeFor[plan.File](),
		reflect.TypeFor[ShardTask](), reflect.TypeFor[Totals]())
}
