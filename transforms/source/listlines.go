// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/sync/errgroup"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// maxLine bounds a list's line, in bytes.
const maxLine = 64 << 10

// entries calls add for each entry of the list, in the order of the lines.
func (l *list) entries(ctx context.Context, add func(entry) error) (err error) {
	file, err := l.openLines(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	parse := parseText
	if strings.HasSuffix(strings.ToLower(l.uri), ".jsonl") {
		parse = parseJSON
	}
	c := &classifier{list: l, add: add}
	lines := bufio.NewReaderSize(file, maxLine)
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, bufio.ErrBufferFull):
			return l.lineError(number, "it must have fewer than %d bytes", maxLine)
		case err != nil && !errors.Is(err, io.EOF):
			return fmt.Errorf("reading list %q: %w", l.uri, err)
		}
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")) // some editors mark UTF-8 so
		}
		uri, member, wrong := parse(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")))
		if wrong != nil {
			return l.lineError(number, "%w", wrong)
		}
		if uri != "" {
			if err := c.classify(ctx, uri, member); err != nil {
				return err
			}
		}
		if err != nil {
			return c.settle(ctx)
		}
	}
}

func (l *list) openLines(ctx context.Context) (io.ReadCloser, error) {
	if !gcs.IsURL(l.uri) {
		file, err := os.Open(l.uri)
		if err != nil {
			return nil, fault.Request("opening list: %w", err)
		}
		return file, nil
	}
	u, err := gcs.ParseURL(l.uri)
	if err != nil {
		return nil, err
	}
	file, err := gcs.NewReader(ctx, u.Bucket, u.Object, l.generation)
	if err != nil {
		return nil, cloudOpenError(l.uri, err)
	}
	return file, nil
}

// classifier makes entries of names, as far as their place among the others
// depends on what they are.
type classifier struct {
	list *list
	add  func(entry) error
	// unsettled are names under gs:// with special characters, which are
	// patterns where there is nothing of that name.
	unsettled []entry
}

// parallelCalls is how many requests are on their way at once, of a batch.
const (
	parallelCalls = 32
	batchEntries  = 512
)

func (c *classifier) classify(ctx context.Context, uri, member string) error {
	e := entry{path: c.list.absolute(uri)}
	cloud := gcs.IsURL(e.path)
	if member != "" {
		return c.add(memberEntry(e.path, member, cloud))
	}
	// What is special in the name of the list's own folder does not count.
	if base, pattern, ok := splitGlob(uri); ok && doublestar.ValidatePattern(pattern) {
		g := entry{path: c.list.absolute(base), kind: entryGlob, sub: pattern}
		if cloud { // literally, where "//" is no "/"
			g.path = c.list.absolute(strings.TrimSuffix(uri, pattern))
		}
		if cloud {
			c.unsettled = append(c.unsettled, e, g)
			if len(c.unsettled) >= 2*batchEntries {
				return c.settle(ctx)
			}
			return nil
		}
		if _, err := os.Lstat(e.path); err != nil {
			e = g
		}
	}
	return c.add(e)
}

// memberEntry is for a picture of an archive; one of a folder is a file.
func memberEntry(path, member string, cloud bool) entry {
	if cloud {
		if !archiveName(path) {
			return entry{path: folderPrefix(path) + member}
		}
	} else if info, err := os.Stat(path); err == nil && info.IsDir() {
		return entry{path: filepath.ToSlash(filepath.Join(path, member))}
	}
	return entry{path: path, kind: entryMember, sub: member}
}

// settle finds out which of the unsettled names exist.
func (c *classifier) settle(ctx context.Context) error {
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(parallelCalls)
	exist := make([]bool, len(c.unsettled))
	for i := 0; i < len(c.unsettled); i += 2 {
		calls.Go(func() (err error) {
			exist[i], err = cloudExists(ctx, c.unsettled[i].path)
			return err
		})
	}
	if err := calls.Wait(); err != nil {
		return fmt.Errorf("reading list %q: %w", c.list.uri, err)
	}
	for i := 0; i < len(c.unsettled); i += 2 {
		e := c.unsettled[i+1]
		if exist[i] {
			e = c.unsettled[i]
		}
		if err := c.add(e); err != nil {
			return err
		}
	}
	c.unsettled = c.unsettled[:0]
	return nil
}

// cloudExists reports whether there is an object of that name, or a prefix, or
// something of which opening it will say what is wrong.
func cloudExists(ctx context.Context, path string) (bool, error) {
	u, err := gcs.ParseURL(path)
	if err != nil {
		return true, nil //nolint:nilerr // see above
	}
	if !strings.HasSuffix(u.Object, "/") {
		_, err := gcs.Stat(ctx, u.Bucket, u.Object)
		if err == nil || lasting(err) && !errors.Is(err, fs.ErrNotExist) {
			return true, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	found, err := anyObject(ctx, u.Bucket, folderPrefix(u.Object))
	if err != nil && lasting(err) {
		return true, nil
	}
	return found, err
}
