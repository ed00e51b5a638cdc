// SPDX-License-Identifier: Apache-2.0

package tfevents

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers, from tensorflow/core/util/event.proto and the summary, tensor
// and tensor_shape protos of tensorflow/core/framework.
const (
	eventWallTime    protowire.Number = 1 // double
	eventStep        protowire.Number = 2 // int64
	eventFileVersion protowire.Number = 3 // string
	eventSummary     protowire.Number = 5 // Summary
	eventSessionLog  protowire.Number = 7 // SessionLog

	sessionStatus protowire.Number = 1 // enum

	summaryValue protowire.Number = 1 // repeated Value

	valueTag         protowire.Number = 1 // string
	valueSimpleValue protowire.Number = 2 // float
	valueImage       protowire.Number = 4 // Image
	valueTensor      protowire.Number = 8 // TensorProto
	valueMetadata    protowire.Number = 9 // SummaryMetadata

	imageHeight     protowire.Number = 1 // int32
	imageWidth      protowire.Number = 2 // int32
	imageColorSpace protowire.Number = 3 // int32
	imageEncoded    protowire.Number = 4 // bytes

	tensorType    protowire.Number = 1 // enum
	tensorShape   protowire.Number = 2 // TensorShapeProto
	tensorStrings protowire.Number = 8 // repeated bytes

	metadataPlugin protowire.Number = 1 // PluginData
	pluginName     protowire.Number = 1 // string
)

const (
	// sessionStart is SessionLog.START.
	sessionStart = 1
	// typeString is DT_STRING.
	typeString = 7
	// textPlugin is the dashboard that shows a tensor of strings.
	textPlugin = "text"
)

// encodeEvent returns the Event message, its fields in the order of their
// numbers, as TensorFlow's writers have them. Like them it leaves out what is
// zero, except in a oneof.
func encodeEvent(e Event) []byte {
	b := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, math.Float64bits(e.WallTime))
	b = appendInt(b, eventStep, e.Step)
	if e.FileVersion != "" {
		b = appendString(b, eventFileVersion, e.FileVersion)
	}
	var summary []byte
	for _, s := range e.Scalars {
		summary = appendBytes(summary, summaryValue, appendScalar(nil, s))
	}
	for _, i := range e.Images {
		summary = appendBytes(summary, summaryValue, appendImage(nil, i))
	}
	for _, t := range e.Text {
		summary = appendBytes(summary, summaryValue, appendText(nil, t))
	}
	if len(summary) > 0 {
		b = appendBytes(b, eventSummary, summary)
	}
	if e.Restart {
		b = appendBytes(b, eventSessionLog, appendInt(nil, sessionStatus, sessionStart))
	}
	return b
}

func appendScalar(b []byte, s Scalar) []byte {
	b = appendString(b, valueTag, s.Tag)
	b = protowire.AppendTag(b, valueSimpleValue, protowire.Fixed32Type)
	return protowire.AppendFixed32(b, math.Float32bits(float32(s.Value)))
}

func appendImage(b []byte, i Image) []byte {
	b = appendString(b, valueTag, i.Tag)
	var message []byte
	message = appendInt(message, imageHeight, int64(i.Height))
	message = appendInt(message, imageWidth, int64(i.Width))
	message = appendInt(message, imageColorSpace, int64(i.Channels)) // the numbers agree
	message = appendBytes(message, imageEncoded, i.PNG)
	return appendBytes(b, valueImage, message)
}

func appendText(b []byte, t Text) []byte {
	b = appendString(b, valueTag, t.Tag)
	var tensor []byte
	tensor = appendInt(tensor, tensorType, typeString)
	tensor = appendBytes(tensor, tensorShape, nil) // a scalar; without it the shape would be unknown
	tensor = appendString(tensor, tensorStrings, t.Text)
	b = appendBytes(b, valueTensor, tensor)
	plugin := appendString(nil, pluginName, textPlugin)
	return appendBytes(b, valueMetadata, appendBytes(nil, metadataPlugin, plugin))
}

func appendInt(b []byte, n protowire.Number, v int64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), uint64(v))
}

func appendString(b []byte, n protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
}

func appendBytes(b []byte, n protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), data)
}
