// SPDX-License-Identifier: Apache-2.0

package model

// Elsewhere says what a network computes with on a backend of another machine,
// and what its [Colorizer.Hash] is there. The hash given is that of its weights.
// An environment that overrides the precision is not known here: the other
// machine's hash differs then.
func Elsewhere(weightsHash, backend string, p Precision) (hash string, resolved Precision, err error) {
	resolved, problem, fix := p.resolve(backend, "")
	if problem != "" {
		return "", "", &backendError{name: backend, problem: problem, fix: fix}
	}
	return hashIn(weightsHash, resolved), resolved, nil
}

// hashIn is the hash of a network of these weights in a precision.
func hashIn(weightsHash string, p Precision) string {
	if p != "" && p != PrecisionFloat32 {
		return hashText(weightsHash + string(p))
	}
	return weightsHash
}
