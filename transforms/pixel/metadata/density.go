// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"encoding/binary"
	"math"

	"github.com/chromabeam/chromabeam/transforms/pixel/ifd"
)

// Density says how many pixels of a picture make a unit of length: a scan's
// resolution. The zero value says nothing.
type Density struct {
	X, Y uint32
	Unit Unit
}

// Unit is what a [Density] counts the pixels of.
type Unit uint8

// The units that files know.
const (
	NoUnit Unit = iota // X and Y are to each other as they are, without a scale
	PerInch
	PerCentimetre
	PerMetre
)

// perMetre returns the pixels of a metre for units of length.
func (u Unit) perMetre() float64 {
	switch u {
	case PerInch:
		return 1 / 0.0254
	case PerCentimetre:
		return 100
	case NoUnit, PerMetre:
	}
	return 1
}

// in returns d in another unit of length.
func (d Density) in(u Unit) Density {
	convert := func(v uint32) uint32 {
		return uint32(min(math.Round(float64(v)*d.Unit.perMetre()/u.perMetre()), math.MaxUint32))
	}
	return Density{convert(d.X), convert(d.Y), u}
}

// valid returns d, or nothing where it is without a sense.
func (d Density) valid() Density {
	if d.X == 0 || d.Y == 0 || d.Unit == NoUnit && d.X == d.Y {
		return Density{}
	}
	return d
}

// jfifBody is a JFIF segment of version 1.1 without a thumbnail.
func (d Density) jfifBody() []byte {
	if d.Unit == PerMetre { // JFIF does not know it
		d = d.in(PerInch)
	}
	if d = d.valid(); d == (Density{}) || d.X > math.MaxUint16 || d.Y > math.MaxUint16 {
		d = Density{1, 1, NoUnit}
	}
	b := append([]byte(jfifPrefix), 1, 1, byte(d.Unit))
	b = binary.BigEndian.AppendUint16(b, uint16(d.X))
	b = binary.BigEndian.AppendUint16(b, uint16(d.Y))
	return append(b, 0, 0)
}

// physBody is a pHYs chunk, nil where d says nothing.
func (d Density) physBody() []byte {
	unit := byte(0)
	if d.Unit != NoUnit {
		d, unit = d.in(PerMetre), 1
	}
	if d.valid() == (Density{}) {
		return nil
	}
	b := binary.BigEndian.AppendUint32(nil, d.X)
	return append(binary.BigEndian.AppendUint32(b, d.Y), unit)
}

func readDensity(data []byte) Density {
	switch formatOf(data) {
	case formatJPEG:
		for marker, at := range jpegSegments(data) {
			body := data[at[0]:at[1]]
			if marker == markerAPP0 && len(body) >= 12 && string(body[:5]) == jfifPrefix && body[7] <= byte(PerCentimetre) {
				be := binary.BigEndian
				return Density{uint32(be.Uint16(body[8:])), uint32(be.Uint16(body[10:])), Unit(body[7])}.valid()
			}
		}
	case formatPNG:
		for kind, body := range PNGChunks(data) {
			if kind == "pHYs" && len(body) == 9 && body[8] <= 1 {
				unit := NoUnit
				if body[8] == 1 {
					unit = PerMetre
				}
				return Density{binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:]), unit}.valid()
			}
		}
	case formatTIFF:
		f, _ := ifd.Open(data)
		if d, ok := f.Dir(f.First); ok {
			return densityOfTIFF(f, d)
		}
	case formatWebP, formatOther:
	}
	return Density{}
}

// densityOfTIFF takes fractions of a pixel to the nearest whole number for a
// metre.
func densityOfTIFF(f ifd.File, d ifd.Dir) Density {
	x, y := rational(f, d, tagXResolution), rational(f, d, tagYResolution)
	var unit Unit
	switch d.Uint(tagResolutionUnit, 2) {
	case 2:
		unit = PerInch
	case 3:
		unit = PerCentimetre
	default:
		return Density{} // a ratio alone, which is 1 all but always
	}
	if x != math.Trunc(x) || y != math.Trunc(y) {
		x, y, unit = math.Round(x*unit.perMetre()), math.Round(y*unit.perMetre()), PerMetre
	}
	if max(x, y) > math.MaxUint32 {
		return Density{}
	}
	return Density{uint32(x), uint32(y), unit}.valid()
}

// rational returns a tag's fraction, 0 where there is none.
func rational(f ifd.File, d ifd.Dir, tag uint16) float64 {
	e, _ := d.Find(tag)
	if e.Type != ifd.Rational || len(e.Value) != 8 {
		return 0
	}
	below := f.Order.Uint32(e.Value[4:])
	if below == 0 {
		return 0
	}
	return float64(f.Order.Uint32(e.Value)) / float64(below)
}
