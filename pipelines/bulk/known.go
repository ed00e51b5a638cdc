// SPDX-License-Identifier: Apache-2.0

package bulk

// retryRounds is after how many rounds of a watch a picture is tried again that
// was rejected for what may pass.
const retryRounds = 20

// rejected reports whether the picture has been given up: for good, or for a
// while in an earlier round of this process's job.
func (p *planner) rejected(raw [16]byte, it item) bool {
	e, ok := p.known[raw]
	if !ok || e.match != matchOf(versionOf(it.Ref), p.job.ModelHash, p.rejects) {
		return false
	}
	if p.session > 0 && int(e.run) >= p.session {
		return e.state == stateRejected || e.state == stateTransient && p.run-int(e.run) < retryRounds
	}
	return e.state == stateRejected && !p.retry
}

// left reports whether an earlier run has left the picture as it is, since it
// has colour.
func (p *planner) left(raw [16]byte, it item) bool {
	e, ok := p.known[raw]
	return ok && e.state == stateLeft && e.match == matchOf(versionOf(it.Ref), p.job.ModelHash, p.job.hash())
}

// packed reports whether the finished archive holds the picture as the ledger
// has it: the archive of a later run, with fewer pictures, may not.
func (p *planner) packed(raw [16]byte, it item) (tag uint64, ok bool) {
	if it.Output == "" || !p.done(raw, it) {
		return 0, false
	}
	tag = tagOf(it.Key, it.Output, p.known[raw].match)
	_, ok = p.reuse[tag]
	return tag, ok
}

// done reports whether the ledger has the picture as coloured, from the same
// bytes in the same way.
func (p *planner) done(raw [16]byte, it item) bool {
	e, ok := p.known[raw]
	return ok && e.state == stateDone && e.match == matchOf(versionOf(it.Ref), p.job.ModelHash, p.job.hash())
}
