// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"strings"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/builtin"
	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/progress"
)

// runnerJob is the job as runners see it.
func (o Options) runnerJob() runner.Job {
	network := o.Model
	if network == builtin.Name {
		network = "" // it is in the workers' binary
	}
	return runner.Job{
		Name: "bulk", Runner: o.Runner, Remote: o.Remote, Backend: o.remote().Backend,
		Places: []runner.Place{{Option: "input", Path: o.Input}, {Option: "output", Path: o.Output}, {Option: "model", Path: network}},
	}
}

// runnerJob is the job with where it is recorded, and with what counts for work.
func (d *driver) runnerJob(work *progress.Job) runner.Job {
	j := d.options.runnerJob()
	j.Record = d.handover()
	before := work.State()
	j.Progress = func(c runner.Counters) {
		// Where workers are in this process they count for themselves, and are ahead.
		now, rejects := work.State(), c["bulk.rejects"]
		work.Reject(max(0, before.Rejects+rejects-now.Rejects))
		work.Add(max(0, before.Done+c["bulk.colored"]+c["bulk.reused"]+rejects-now.Done))
	}
	return j
}

// handover is the record of a job elsewhere that works on the output.
func (d *driver) handover() runner.Record {
	r := runner.Record{Store: d.st}
	if !runner.IsLocal(d.options.Runner) {
		r.Stop = stopFolder + "/" + d.id
	}
	return r
}

// remote returns the options as they go to workers elsewhere, whose working
// directory is another: places are so from anywhere. The machines of Dataflow are
// not like this one, so that "auto" stands for what they have. For a local runner
// they are o.
func (o Options) remote() Options {
	if runner.IsLocal(o.Runner) {
		return o
	}
	o.Input = runner.Whole(o.Runner, o.Input)
	if o.Model != builtin.Name {
		o.Model = runner.Whole(o.Runner, o.Model)
	}
	if o.Runner == runner.Dataflow && (o.Backend == "" || o.Backend == model.BackendAuto) {
		o.Backend = model.BackendGo
		if o.Remote.GPU != "" {
			o.Backend = model.BackendCUDA
		}
	}
	return o
}

// openNetwork opens the network that the job computes with. Where that is done
// elsewhere on XLA the driver opens it without: it needs only to know which one it
// is. Where it is done elsewhere on "auto", that is from here on what this machine
// has: each worker might take something else.
func (d *driver) openNetwork(ctx context.Context) (err error) {
	s := d.options.settings()
	backend := ""
	if !runner.IsLocal(d.options.Runner) && strings.HasPrefix(s.Backend, "xla:") {
		backend, s.Backend, s.Precision = s.Backend, model.BackendGo, model.PrecisionFloat32
	}
	engine, giveBack, err := inference.Lease(ctx, s)
	if err != nil {
		return fault.AsRequest(err)
	}
	d.engine, d.giveBack, d.precision = engine, giveBack, engine.Precision()
	if d.job, err = newJob(d.options, d.engine); err != nil {
		return err
	}
	if backend != "" {
		d.job.Backend = backend
		d.job.ModelHash, d.precision, err = model.Elsewhere(engine.Hash(), backend, d.options.Precision)
		return fault.AsRequest(err)
	}
	if !runner.IsLocal(d.options.Runner) {
		d.options.Backend = engine.Backend()
	}
	return nil
}
