// SPDX-License-Identifier: Apache-2.0

// Package docker holds the tests of the workers' images, which build.sh makes from the
// Dockerfile; README.md is about those. It has no other code.
package docker
