// SPDX-License-Identifier: Apache-2.0

//go:build !cgo

package version

// cgo tells that XLA plugins can be loaded.
const cgo = false
