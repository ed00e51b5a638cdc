// SPDX-License-Identifier: Apache-2.0

// Package kaggle fetches the data sets that the tool has presets for from
// Kaggle, through its public API.
//
// The API answers a request for a data set with a redirect to a storage service,
// whose address carries a signature of its own and expires. [Fetch] sends the
// credentials to the API alone. It goes on where a transfer broke off, in the
// same process or in a later one, checks what came against the digests that the
// storage gives, reads every member of the archive, and only then gives the file
// its name:
//
//	pokemon.zip            the archive, whole
//	pokemon.zip.part       what is there of it
//	pokemon.zip.part.json  which object those bytes are of
//	pokemon.zip.part.lock  held by the process that is fetching
package kaggle
