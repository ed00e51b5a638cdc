// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// Claim says which job may write into a data set: the version of the object that
// a job replaces when it takes the data set over. The zero Claim checks nothing,
// for a folder that is locked.
type Claim struct {
	Name, Version string
	// Stop, where not empty, names an object that tells the job's workers to end: there
	// are engines that call a job cancelled and let it go on.
	Stop string
}

// ErrTakenOver says that another job has begun in the same place.
var ErrTakenOver = errors.New("another job has taken over the output")

// ErrStopped says that the job was interrupted.
var ErrStopped = errors.New("the job was told to stop")

// Check returns [ErrTakenOver] where the claim is not the latest, and [ErrStopped]
// where the job was told to end.
func (c Claim) Check(ctx context.Context, st store.Store) error {
	if c.Stop != "" {
		switch _, err := st.Stat(ctx, c.Stop); {
		case err == nil:
			return ErrStopped
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if c.Name == "" {
		return nil
	}
	info, err := st.Stat(ctx, c.Name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Version != c.Version {
		return ErrTakenOver
	}
	return err
}

// Condition returns what an object's replacement must find, for a writer whose
// claim is the latest at this moment: the object as it is now. It keeps two writers
// apart in a locked folder too: of two attempts at the same work, which a runner may
// make at once, one that comes late finds the other's object and leaves it, for what
// has been read of it since must not change.
func (c Claim) Condition(ctx context.Context, st store.Store, name string) (store.Condition, error) {
	before, err := st.Stat(ctx, name)
	condition := store.Unchanged(before)
	if errors.Is(err, fs.ErrNotExist) {
		condition, err = store.Absent(), nil
	}
	if err == nil {
		// Looked at last: who takes over later finds the object changed or not.
		err = c.Check(ctx, st)
	}
	return condition, err
}

// publish replaces an object, unless another job has taken over or has changed
// the object meanwhile: two jobs of different settings must not mix their shards.
func (c Claim) publish(ctx context.Context, st store.Store, name string, write func(io.Writer) error) error {
	condition, err := c.Condition(ctx, st, name)
	if err != nil {
		return err
	}
	_, err = st.Publish(ctx, name, condition, func(w io.Writer) error {
		if err := write(w); err != nil {
			return err
		}
		return c.Check(ctx, st) // writing takes long
	})
	return err
}
