// SPDX-License-Identifier: Apache-2.0

// Package gcs reads and writes objects of Google Cloud Storage. It is the one
// package that knows the storage client; everything else names objects by
// bucket and name, and versions of them by generation.
//
// Names are taken literally: '#', '?', '%', spaces, line breaks and any other
// character belong to the name and are never decoded.
//
// There is one client a process and endpoint. STORAGE_EMULATOR_HOST, with or
// without a scheme, names an endpoint that is used without credentials. Without
// it the application default credentials are used where there are any;
// otherwise calls are anonymous, which public buckets answer.
//
// Calls are repeated with a jittered exponential back-off where the service
// answers 408, 429 or 5xx, where a connection breaks or carries nothing for a
// minute and where a body ends early, up to ten attempts or as many as CHROMABEAM_GCS_RETRY_MAX says
// (1 to 100). Bytes that arrive start the count anew. Only calls that can be
// repeated without harm are: reads, conditioned calls and those that set a
// state whatever it was before.
//
// All functions may be called from several goroutines at once. The package
// imports neither Beam nor GoMLX.
package gcs
