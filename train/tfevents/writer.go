// SPDX-License-Identifier: Apache-2.0

package tfevents

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"os"
	"time"
	"unicode/utf8"
)

// fileVersion is the format: from 2 on readers heed a restart's event.
const fileVersion = "brain.Event:2"

// Options are the surroundings that a file records. The zero value is for
// programs; tests set them.
type Options struct {
	// Now gives the time of each event; nil is [time.Now].
	Now func() time.Time
	// Host stands in the file's name, with "-" for whatever is no ASCII letter,
	// digit, dot, hyphen or underscore; empty is this machine's name.
	Host string
}

// Writer writes one event file. Events are buffered: [Writer.Flush] lets
// TensorBoard see them. It is not safe for concurrent use.
type Writer struct {
	now    func() time.Time
	file   *os.File
	buffer *bufio.Writer
	closed bool
}

// Create makes an event file in dir, which it makes where it is missing, and
// writes its first event. The name sorts after all event files in dir; no file
// is ever replaced.
func Create(dir string, o Options) (*Writer, error) {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("creating event file: %w", err)
	}
	file, err := createAfter(dir, now().Unix(), hostName(o.Host))
	if err != nil {
		return nil, fmt.Errorf("creating event file: %w", err)
	}
	w := &Writer{now: now, file: file, buffer: bufio.NewWriterSize(file, 1<<16)}
	err = w.write(Event{FileVersion: fileVersion})
	if err == nil {
		err = w.Flush() // so that no file without its version lies around
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return w, nil
}

// Name returns the path of the file.
func (w *Writer) Name() string { return w.file.Name() }

// Scalar writes a number, which may be an infinity or no number. The file holds
// single precision: 24 bits, and an infinity beyond 3.4e38. The tag must be
// UTF-8 and not empty, the step at least 0.
func (w *Writer) Scalar(tag string, step int64, value float64) error {
	if err := check(tag, step); err != nil {
		return fmt.Errorf("writing scalar %q: %w", tag, err)
	}
	return w.write(Event{Step: step, Scalars: []Scalar{{tag, value}}})
}

// Image writes a picture, encoded as PNG, of the given size in pixels. Data that
// do not begin as a PNG of that size are an error. The tag must be UTF-8 and not
// empty, the step at least 0. Like all events a picture is limited to 64 MiB.
func (w *Writer) Image(tag string, step int64, encoded []byte, width, height int) error {
	if err := check(tag, step); err != nil {
		return fmt.Errorf("writing picture %q: %w", tag, err)
	}
	config, err := png.DecodeConfig(bytes.NewReader(encoded))
	if err != nil {
		return fmt.Errorf("writing picture %q: %w", tag, err)
	}
	if config.Width != width || config.Height != height {
		return fmt.Errorf("writing picture %q: size must be the PNG's, %d x %d, got %d x %d",
			tag, config.Width, config.Height, width, height)
	}
	i := Image{Tag: tag, PNG: encoded, Width: width, Height: height, Channels: channels(encoded)}
	return w.write(Event{Step: step, Images: []Image{i}})
}

// channels returns how many channels a PNG shows, which its color type tells:
// byte 25, in the header that has been found good.
func channels(encoded []byte) int {
	switch encoded[25] {
	case 0:
		return 1
	case 4:
		return 2
	case 6:
		return 4
	}
	return 3 // RGB, or a palette of it
}

// Text writes a text in Markdown. Text and tag must be UTF-8, the tag not
// empty, the step at least 0.
func (w *Writer) Text(tag string, step int64, text string) error {
	if err := check(tag, step); err != nil {
		return fmt.Errorf("writing text %q: %w", tag, err)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("writing text %q: the text must be UTF-8", tag)
	}
	return w.write(Event{Step: step, Text: []Text{{tag, text}}})
}

// Restart has readers forget what was written before, in earlier files too, at
// the given step and later: call it first in a run that is resumed, with the
// first step that will be computed again. A negative step is an error.
func (w *Writer) Restart(step int64) error {
	if step < 0 {
		return fmt.Errorf("writing restart: step must be at least 0, got %d", step)
	}
	return w.write(Event{Step: step, Restart: true})
}

// Flush hands what is buffered to the operating system. It does not make it
// durable: events are a copy of figures that are kept elsewhere.
func (w *Writer) Flush() error {
	if w.closed {
		return fmt.Errorf("flushing event file: %w", os.ErrClosed)
	}
	if err := w.buffer.Flush(); err != nil {
		return fmt.Errorf("flushing event file: %w", err)
	}
	return nil
}

// Close flushes and closes the file, also where flushing goes wrong. Afterwards
// every call, Close included, is an [os.ErrClosed].
func (w *Writer) Close() error {
	if w.closed {
		return fmt.Errorf("closing event file: %w", os.ErrClosed)
	}
	err := w.Flush()
	w.closed = true
	if closing := w.file.Close(); closing != nil {
		err = errors.Join(err, fmt.Errorf("closing event file: %w", closing))
	}
	return err
}

// write appends an event, dated now.
func (w *Writer) write(e Event) error {
	if w.closed {
		return fmt.Errorf("writing event: %w", os.ErrClosed)
	}
	e.WallTime = float64(w.now().UnixNano()) / 1e9
	data := encodeEvent(e)
	if len(data) > maxRecord {
		return fmt.Errorf("writing event: it must have at most %d bytes, got %d", maxRecord, len(data))
	}
	if _, err := w.buffer.Write(appendRecord(nil, data)); err != nil {
		return fmt.Errorf("writing event: %w", err)
	}
	return nil
}

// check refuses what Python's protobuf, and with it TensorBoard, would not read.
func check(tag string, step int64) error {
	var errs []error
	if tag == "" || !utf8.ValidString(tag) {
		errs = append(errs, fmt.Errorf("tag must be UTF-8 and not empty, got %q", tag))
	}
	if step < 0 {
		errs = append(errs, fmt.Errorf("step must be at least 0, got %d", step))
	}
	return errors.Join(errs...)
}
