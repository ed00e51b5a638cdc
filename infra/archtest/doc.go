// SPDX-License-Identifier: Apache-2.0

// Package archtest holds the tests that keep the layers apart: which package
// may import which, directly or through others, and who may end the process.
// Its rules are those of ARCHITECTURE.md; it has no other code.
package archtest
