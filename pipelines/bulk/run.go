// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Run colours every picture of the input that the output does not hold yet. A
// picture that cannot be used becomes a reject and the job goes on; a request
// that cannot work is a [fault.RequestError] before any picture is touched. If
// ctx ends the job stops, and the next run goes on from there.
//
// With Options.Watch it goes on colouring what arrives, as a [Watcher] does,
// until ctx ends: then it writes the report and returns without an error.
func Run(ctx context.Context, o Options) (s Summary, err error) {
	if o.Watch != 0 {
		return watch(ctx, o, wallClock{})
	}
	d, m, err := begin(ctx, o)
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, d.close(), m.stop()) }()
	if err := d.keepWhole(ctx); err != nil {
		return Summary{}, err
	}
	all := newCensus(d.src)
	if _, err := d.round(ctx, o.selected(all)); err != nil {
		return Summary{}, err
	}
	if s, err = d.report(ctx); err == nil && o.Sample > 0 {
		s.Whole = d.whole(all, s)
	}
	return s, err
}

// whole says what the whole input will take, going by a sample of it.
func (d *driver) whole(all *census, s Summary) *Forecast {
	f := all.forecast()
	f.ToDo = f.Pictures - s.Pictures
	took := time.Duration(d.seconds * float64(time.Second))
	f.extrapolate(s.Colored-s.Skipped, took)
	return &f
}

// keepWhole refuses to make an archive anew with fewer pictures than it has, in
// which hours of work may be lost to a trial.
func (d *driver) keepWhole(ctx context.Context) error {
	o := d.options
	if !d.layout.archive() || o.Limit == 0 && o.Sample == 0 || o.Overwrite {
		return nil
	}
	if err := d.read(ctx); err != nil {
		return err
	}
	d.unread = false
	most := o.Limit
	if most == 0 || o.Sample > 0 && o.Sample < most {
		most = o.Sample
	}
	if d.reusable && d.archive.Members > most {
		return fault.Request(
			"output %q holds %d pictures already, which limit or sample would leave out: give another output, or use -overwrite",
			d.layout.Output, d.archive.Members)
	}
	return nil
}
