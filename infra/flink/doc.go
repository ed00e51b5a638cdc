// SPDX-License-Identifier: Apache-2.0

// Package flink holds the tests of prepare and bulk on a real Flink, which run.sh
// brings up; README.md is about that. It has no other code.
package flink
