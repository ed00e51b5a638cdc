// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"path"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// patternChars begin what a pattern does not say literally.
const patternChars = `*?[{\`

// newRemoteFence is newFence for an output under gs://.
func newRemoteFence(l layout, input string) *fence {
	f := &fence{input: input, output: l.Output, remote: true}
	lower := strings.ToLower(input)
	f.list = strings.HasSuffix(lower, ".txt") || strings.HasSuffix(lower, ".jsonl")
	switch at := strings.IndexAny(input, patternChars); {
	case f.list:
		f.base = input[:strings.LastIndexByte(input, '/')+1]
	case at >= 0 && gcs.IsURL(input):
		f.base = input[:strings.LastIndexByte(input[:at], '/')+1]
	default:
		return nil
	}
	return f
}

// checkRemote is check for an output under gs://.
func (f *fence) checkRemote(r source.Ref) error {
	entry := r.URI
	switch {
	case entry == "" || entry == f.input:
		entry = f.input
		if f.list {
			entry = ""
		}
	case !gcs.IsURL(entry):
		entry = f.base + entry
	}
	if entry != "" && entry != f.uri {
		if err := f.entryApart(entry); err != nil {
			return err
		}
		f.uri = entry
	}
	place := f.base
	if entry != "" && entry != f.input {
		place = entry + "/"
	}
	name := place + string(r.Member)
	if strings.HasPrefix(name, f.output+"/") {
		return fault.Request("input must not lie inside the output %q, got %q, where %q has pictures: they could be overwritten",
			f.output, path.Dir(name), f.input)
	}
	return nil
}

// entryApart refuses an entry of a list, or the input as a pattern, that the
// output lies in.
func (f *fence) entryApart(entry string) error {
	fixed, deep := entry, true
	if at := strings.IndexAny(entry, patternChars); at >= 0 {
		fixed = entry[:strings.LastIndexByte(entry[:at], '/')+1]
		deep = strings.Contains(entry, "**")
	}
	fixed = strings.TrimRight(fixed, "/")
	if f.output == fixed || deep && strings.HasPrefix(f.output, fixed+"/") {
		return fault.Request("output must not lie inside %q, from where %q takes pictures, got %q: "+
			"a second run would colour it again", fixed, f.input, f.output)
	}
	return nil
}
