// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"context"
	"regexp"

	"github.com/chromabeam/chromabeam/transforms/store"
)

var published = regexp.MustCompile(`^((train|val|test)-\d{6,}(\.tar|` + regexp.QuoteMeta(statsSuffix) + `)|` +
	regexp.QuoteMeta(InfoName) + `|` + regexp.QuoteMeta(RejectsName) + `)$`)

// CleanTemp removes from st what killed runs left there of a data set's files;
// see [store.CleanTemp]. Files of other names are not touched.
func CleanTemp(ctx context.Context, st store.Store) error {
	return store.CleanTemp(ctx, st, "", published.MatchString)
}
