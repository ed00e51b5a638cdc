// SPDX-License-Identifier: Apache-2.0

package tfevents

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// decodeEvent reads an Event message.
func decodeEvent(b []byte) (Event, error) {
	var e Event
	for f, err := range fields(b) {
		if err != nil {
			return Event{}, fmt.Errorf("decoding event: %w", err)
		}
		switch f.key {
		case fixed64Of(eventWallTime):
			e.WallTime = math.Float64frombits(f.number)
		case varintOf(eventStep):
			e.Step = int64(f.number)
		case bytesOf(eventFileVersion):
			e.FileVersion, err = text(f.data)
		case bytesOf(eventSummary):
			err = e.decodeSummary(f.data)
		case bytesOf(eventSessionLog):
			e.Restart, err = decodeSession(f.data)
		}
		if err != nil {
			return Event{}, fmt.Errorf("decoding event: %w", err)
		}
	}
	return e, nil
}

// decodeSession tells whether a SessionLog message is a START.
func decodeSession(b []byte) (start bool, err error) {
	for f, err := range fields(b) {
		if err != nil {
			return false, err
		}
		if f.key == varintOf(sessionStatus) {
			start = f.number == sessionStart
		}
	}
	return start, nil
}

// decodeSummary adds the values of a Summary message.
func (e *Event) decodeSummary(b []byte) error {
	for f, err := range fields(b) {
		if err != nil {
			return err
		}
		if f.key != bytesOf(summaryValue) {
			continue
		}
		if err := e.decodeValue(f.data); err != nil {
			return err
		}
	}
	return nil
}

// decodeValue adds a Value message, if it is of a kind that Event has.
func (e *Event) decodeValue(b []byte) error {
	var (
		tag, plugin string
		what        field // the value, a oneof: the last one counts
	)
	for f, err := range fields(b) {
		if err != nil {
			return err
		}
		switch f.key {
		case bytesOf(valueTag):
			tag, err = text(f.data)
		case fixed32Of(valueSimpleValue), bytesOf(valueImage), bytesOf(valueTensor):
			what = f
		case bytesOf(valueMetadata):
			plugin, err = decodeMetadata(f.data)
		}
		if err != nil {
			return err
		}
	}
	switch what.key {
	case fixed32Of(valueSimpleValue):
		e.Scalars = append(e.Scalars, Scalar{tag, float64(math.Float32frombits(uint32(what.number)))})
	case bytesOf(valueImage):
		i, err := decodeImage(what.data)
		if err != nil {
			return err
		}
		i.Tag = tag
		e.Images = append(e.Images, i)
	case bytesOf(valueTensor):
		if plugin != textPlugin {
			return nil
		}
		list, err := decodeStrings(what.data)
		if err != nil {
			return err
		}
		for _, s := range list {
			e.Text = append(e.Text, Text{tag, s})
		}
	}
	return nil
}

// decodeImage reads a Summary.Image message.
func decodeImage(b []byte) (Image, error) {
	var i Image
	for f, err := range fields(b) {
		if err != nil {
			return Image{}, err
		}
		switch f.key {
		case varintOf(imageHeight):
			i.Height = int(int32(f.number))
		case varintOf(imageWidth):
			i.Width = int(int32(f.number))
		case varintOf(imageColorSpace):
			i.Channels = int(int32(f.number))
		case bytesOf(imageEncoded):
			i.PNG = f.data
		}
	}
	return i, nil
}

// decodeStrings returns the strings of a TensorProto message.
func decodeStrings(b []byte) ([]string, error) {
	var list []string
	for f, err := range fields(b) {
		if err != nil {
			return nil, err
		}
		if f.key == bytesOf(tensorStrings) {
			s, err := text(f.data)
			if err != nil {
				return nil, err
			}
			list = append(list, s)
		}
	}
	return list, nil
}

// decodeMetadata returns the plugin that a SummaryMetadata message names.
func decodeMetadata(b []byte) (plugin string, err error) {
	for f, err := range fields(b) {
		if err != nil {
			return "", err
		}
		if f.key != bytesOf(metadataPlugin) {
			continue
		}
		for f, err := range fields(f.data) {
			if err != nil {
				return "", err
			}
			if f.key == bytesOf(pluginName) {
				plugin = string(f.data)
			}
		}
	}
	return plugin, nil
}

func text(b []byte) (string, error) {
	if !utf8.Valid(b) {
		return "", errors.New("a string is not UTF-8")
	}
	return string(b), nil
}
