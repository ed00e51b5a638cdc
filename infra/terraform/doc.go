// SPDX-License-Identifier: Apache-2.0

// Package terraform has no code: the folder's *.tf make what jobs on Dataflow
// need in a project, and the tests read them.
package terraform
