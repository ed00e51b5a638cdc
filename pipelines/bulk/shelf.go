// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// shelf is what lies in an output folder before a round.
type shelf interface {
	// find looks for a name of a coloured picture.
	find(name string) (found, error)
	close() error
}

// found is what lies under a name.
type found struct {
	there, regular bool
	size           int64
	generation     int64 // under gs://
}

// version is what an item carries of it.
func (f found) version() string {
	switch {
	case f.generation != 0:
		return strconv.FormatInt(f.generation, 10)
	case f.there:
		return "file"
	}
	return ""
}

// folderShelf asks the file system for each name.
type folderShelf struct{ root *os.Root }

func (s folderShelf) find(name string) (found, error) {
	info, err := s.root.Lstat(filepath.FromSlash(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return found{}, nil
	case errors.Is(err, syscall.ENOTDIR): // a file where a folder belongs
		return found{there: true}, nil
	case err != nil:
		return found{}, fmt.Errorf("looking at output %q: %w", name, err)
	}
	return found{there: true, regular: info.Mode().IsRegular(), size: info.Size()}, nil
}

func (s folderShelf) close() error { return s.root.Close() }

// bucketShelf is a listing of what lies under a prefix, by a hash of the name:
// some 40 bytes an object.
type bucketShelf map[uint64]listedObject

type listedObject struct{ size, generation int64 }

func nameHash(name string) uint64 {
	sum := sha256.Sum256([]byte(name))
	return binary.BigEndian.Uint64(sum[:])
}

func listShelf(ctx context.Context, output string) (bucketShelf, error) {
	u, err := gcs.ParseURL(output)
	if err != nil {
		return nil, err
	}
	prefix := u.Object
	if prefix != "" {
		prefix += "/"
	}
	s := bucketShelf{}
	err = gcs.List(ctx, u.Bucket, prefix, func(o gcs.Object) error {
		if name := o.Name[len(prefix):]; !strings.HasPrefix(name, stateFolder) {
			s[nameHash(name)] = listedObject{o.Size, o.Generation}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing output %q: %w", output, err)
	}
	return s, nil
}

func (s bucketShelf) find(name string) (found, error) {
	o, ok := s[nameHash(name)]
	return found{there: ok, regular: ok, size: o.size, generation: o.generation}, nil
}

func (s bucketShelf) close() error { return nil }
