// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/chromabeam/chromabeam/transforms/source"
)

// Selection says which of an input's pictures to take, by their names. The zero
// Selection takes all.
type Selection struct {
	// Include and Exclude are globs over names inside the input, such as
	// "cats/**/*.jpg": a picture must match one of Include, if there is any,
	// and none of Exclude.
	Include []string `json:"include,omitempty"`
	Exclude []string `json:"exclude,omitempty"`
	// Classes are names of folders: a picture must lie directly in one.
	Classes []string `json:"classes,omitempty"`
	// Limit takes the first pictures of the listing; 0 takes all.
	Limit int64 `json:"limit,omitempty"`
}

func (s Selection) validate() []error {
	var p problems
	for _, glob := range slices.Concat(s.Include, s.Exclude) {
		p.checkf(doublestar.ValidatePattern(glob), "include and exclude must be globs, got %q", glob)
	}
	p.checkf(!slices.Contains(s.Classes, ""), "classes must be names of folders, got an empty one")
	p.checkf(s.Limit >= 0, "limit must be positive, or 0 for none, got %d", s.Limit)
	return p
}

// takes reports whether the name is among those selected, Limit aside.
func (s Selection) takes(name string) bool {
	name = strings.ReplaceAll(name, `\`, "/") // archives from some systems
	matches := func(glob string) bool { return doublestar.MatchUnvalidated(glob, name) }
	switch {
	case len(s.Include) > 0 && !slices.ContainsFunc(s.Include, matches):
		return false
	case slices.ContainsFunc(s.Exclude, matches):
		return false
	case len(s.Classes) > 0 && !slices.Contains(s.Classes, path.Base(path.Dir(name))):
		return false
	}
	return true
}

// errLimit ends a listing early.
var errLimit = errors.New("enough pictures")

// selected yields the pictures of the source that preset and selection take. The
// URI is left out where it is the input's own: the job knows it, and its records
// must not depend on where the input lies.
func selected(ctx context.Context, src source.Source, o Options, yield func(source.Ref) error) error {
	takes, err := o.Preset.selector(ctx, src)
	if err != nil {
		return err
	}
	var n int64
	err = src.List(ctx, func(r source.Ref) error {
		if !takes(r) || !o.Select.takes(string(r.Member)) {
			return nil
		}
		if r.URI == src.URI() {
			r.URI = ""
		}
		if err := yield(r); err != nil {
			return err
		}
		if n++; n == o.Select.Limit {
			return errLimit
		}
		return nil
	})
	if err != nil && !errors.Is(err, errLimit) {
		return fmt.Errorf("listing the input: %w", err)
	}
	return nil
}
