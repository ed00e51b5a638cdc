// SPDX-License-Identifier: Apache-2.0

package tfevents

// Event is a record of an event file: what was noted at one step. Of FileVersion,
// Restart and the three lists one kind is set, by this package's Writer at least.
type Event struct {
	// WallTime is when the event was written, in seconds since 1970 UTC.
	WallTime float64
	// Step counts the steps of training; 0 in a file's first event.
	Step int64
	// FileVersion is the format, in the first event of a file only.
	FileVersion string
	// Restart tells readers to forget everything before this event that
	// belongs to Step or a later one.
	Restart bool
	// Scalars are numbers by tag.
	Scalars []Scalar
	// Images are pictures by tag.
	Images []Image
	// Text is text by tag.
	Text []Text
}

// Scalar is a number. A file holds it in single precision.
type Scalar struct {
	// Tag names the series, as in "l1/train": what stands before the slash is
	// TensorBoard's heading.
	Tag string
	// Value may be an infinity or no number.
	Value float64
}

// Image is a picture.
type Image struct {
	// Tag names the series.
	Tag string
	// PNG is the encoded picture.
	PNG []byte
	// Width and Height are in pixels.
	Width, Height int
	// Channels is 1 for gray, 2 for gray with alpha, 3 for RGB and 4 for RGB
	// with alpha.
	Channels int
}

// Text is a text, which TensorBoard shows as Markdown.
type Text struct {
	// Tag names the series.
	Tag string
	// Text is UTF-8.
	Text string
}
