// SPDX-License-Identifier: Apache-2.0

// Package dataflowtest runs a server that behaves like Google Cloud Dataflow, for
// tests: tokens for a service account, jobs that are created, asked for, cancelled
// and measured, and messages. Staged files are in a bucket of package gcstest.
//
// A job that is submitted is checked and then really run, as one on Dataflow would
// be: its pipeline is what was staged, and prism runs it, with workers in this
// process. Or it goes through the states that a test gives.
package dataflowtest
