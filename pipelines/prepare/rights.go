// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms"
)

// handover is the record of a job elsewhere that works on the output.
func (s *attempt) handover() runner.Record {
	r := runner.Record{Store: s.st}
	if !runner.IsLocal(s.o.Runner) {
		r.Stop = stopFolder + "/" + s.id
	}
	return r
}

// rights returns what the attempt's workers must check: nothing where the folder
// is locked.
func (s *attempt) rights() transforms.Claim {
	c := transforms.Claim{Stop: s.handover().Stop}
	if _, local := s.st.Local(); !local {
		c.Name, c.Version = jobName, s.record.Version
	}
	return c
}

// check returns an error if the output is no longer the attempt's.
func (s *attempt) check(ctx context.Context) error { return s.rights().Check(ctx, s.st) }
