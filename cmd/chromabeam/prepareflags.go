// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/chromabeam/chromabeam/pipelines/prepare"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// prepareFlags adds the flags that say what to prepare. The returned function
// gives the options once the flags are parsed.
func prepareFlags(fs *flagSet) func() (prepare.Options, error) {
	limits := pixel.DefaultLimits()
	o := prepare.Options{Limits: limits}
	var preset, fit, filter, formula, background, shardSize string
	fs.StringVar(&o.Input, "input", "",
		"where the pictures are, `SRC`: a folder, a glob, a zip, tar or tar.gz archive, a .txt or .jsonl list of those, "+
			"or any of it at gs://")
	fs.StringVar(&o.Output, "output", "", "where the shards go, `DST`: a folder or gs://BUCKET/PREFIX")
	fs.StringVar(&preset, "preset", string(prepare.PresetNone), "collection to expect: pokemon, anime-faces or none")
	fs.IntVar(&o.Size, "size", 0, "side of the prepared pictures in pixels; 0 takes the preset's")
	fs.StringVar(&fit, "fit", string(pixel.FitCrop), "how a picture becomes square: crop, pad or stretch")
	fs.StringVar(&filter, "filter", string(pixel.FilterLanczos), "resampling: lanczos, bicubic, bilinear, box or nearest")
	fs.StringVar(&background, "background", "white", "what transparent parts lie on: white, black or `#rrggbb`")
	fs.StringVar(&formula, "gray", string(pixel.Formula601), "formula for gray: itu-r-601, itu-r-709 or cie-lightness")
	fs.IntVar(&o.Sharding.Shards, "shards", 0,
		"number of training shards, of an extension too; 0 makes one for about 1,000 pictures")
	fs.StringVar(&shardSize, "shard-size", "", "instead of -shards, about how large a shard is, `N`: 1000 pictures, or 256MB")
	fs.Float64Var(&o.ValPercent, "val-percent", prepare.DefaultValPercent, "share of the pictures for validation")
	fs.Float64Var(&o.TestPercent, "test-percent", 0, "share of the pictures for testing")
	fs.Uint64Var(&o.Seed, "seed", 1, "seed of the split")
	fs.Var((*texts)(&o.Select.Include), "include",
		"take only pictures whose name matches the `GLOB`, such as 'cats/**/*.jpg'; may be repeated")
	fs.Var((*texts)(&o.Select.Exclude), "exclude", "leave out pictures whose name matches the `GLOB`; may be repeated")
	fs.Var((*texts)(&o.Select.Classes), "class", "take only pictures that lie in a folder of this `NAME`; may be repeated")
	fs.Int64Var(&o.Select.Limit, "limit", 0, "take only the first pictures of the listing; 0 takes all")
	fs.IntVar(&o.MinSide, "min-side", 0, "leave out pictures whose shorter side has fewer pixels")
	fs.Float64Var(&o.MinColorfulness, "min-colorfulness", 0,
		"leave out pictures with less colour (Hasler and Süsstrunk's measure: gray has 0, most photographs 20 to 80)")
	fs.IntVar(&o.NearDistance, "near-duplicates", 0,
		"leave out pictures whose perceptual hash differs in at most so many of 64 bits from another's, 1 to 10: "+
			"decodes each once more; 0 keeps them")
	fs.Int64Var(&o.Limits.MaxPixels, "max-pixels", limits.MaxPixels, "pictures with more pixels are rejected")
	fs.Int64Var(&o.Limits.MaxBytes, "max-bytes", limits.MaxBytes, "files with more bytes are rejected")
	fs.IntVar(&o.Workers, "workers", 0, "pictures worked on at once in a process; 0 takes as many as its machine has processors")
	fs.IntVar(&o.Readers, "readers", 0, "pictures read at once; 0 takes as many as workers, 32 from a bucket or a list")
	fs.BoolVar(&o.Overwrite, "overwrite", false, "replace whatever data set the output holds")
	fs.BoolVar(&o.Extend, "extend", false, "add what is new in the input as new shards; those that are there stay as they are")
	return func() (prepare.Options, error) {
		o.Preset, o.Fit, o.Filter, o.Formula = prepare.Preset(preset), pixel.Fit(fit), pixel.Filter(filter), pixel.Formula(formula)
		color, err := pixel.ParseColor(background)
		if err != nil {
			return o, fmt.Errorf("-background: %w", err)
		}
		o.Background = &color
		if o.Sharding.Pictures, o.Sharding.Bytes, err = parseShardSize(shardSize); err != nil {
			return o, fmt.Errorf("-shard-size: %w", err)
		}
		return o, nil
	}
}

// texts is a flag that may be given several times.
type texts []string

// String returns the values given so far.
func (t *texts) String() string { return strings.Join(*t, " ") }

// Set adds a value.
func (t *texts) Set(value string) error {
	*t = append(*t, value)
	return nil
}

// parseShardSize reads a number of pictures or, with a unit, of bytes.
func parseShardSize(s string) (pictures, bytes int64, err error) {
	if s == "" {
		return 0, 0, nil
	}
	digits, unit := s, int64(0)
	for _, u := range []struct {
		name string
		size int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}} {
		if rest, ok := cutSuffixFold(s, u.name); ok {
			digits, unit = strings.TrimSpace(rest), u.size
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case err != nil || n < 1 || unit > 0 && n > (1<<62)/unit:
		return 0, 0, fmt.Errorf("it must be a number of pictures, or of bytes with MB, MiB, GB or GiB, got %q", s)
	case unit > 0:
		return 0, n * unit, nil
	}
	return n, 0, nil
}

func cutSuffixFold(s, suffix string) (string, bool) {
	if i := len(s) - len(suffix); i >= 0 && strings.EqualFold(s[i:], suffix) {
		return s[:i], true
	}
	return s, false
}
