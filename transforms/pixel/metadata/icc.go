// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Profile says what a colour profile is for.
type Profile int

// The kinds of profiles.
const (
	NoProfile    Profile = iota
	GrayProfile          // of gray levels
	RGBProfile           // of red, green and blue
	OtherProfile         // of anything else (CMYK, Lab), or damaged
)

// Profile returns the kind of m's colour profile.
func (m Metadata) Profile() Profile {
	if len(m.ICC) == 0 {
		return NoProfile
	}
	p, err := openICC(m.ICC)
	switch {
	case err != nil:
		return OtherProfile
	case p.space == "GRAY":
		return GrayProfile
	case p.space == "RGB ":
		return RGBProfile
	}
	return OtherProfile
}

// profile is an ICC profile with a header that makes sense.
type profile struct {
	data       []byte
	space, pcs string
}

var errDamagedICC = errors.New("colour profile is damaged")

func openICC(icc []byte) (profile, error) {
	const headerSize = 128
	if len(icc) < headerSize+4 || string(icc[36:40]) != "acsp" {
		return profile{}, errDamagedICC
	}
	size := binary.BigEndian.Uint32(icc)
	if size < headerSize+4 || uint64(size) > uint64(len(icc)) {
		return profile{}, errDamagedICC
	}
	switch class := string(icc[12:16]); class {
	case "scnr", "mntr", "prtr", "spac":
	default:
		return profile{}, fmt.Errorf("colour profile is of class %q, not of a device", class)
	}
	return profile{data: icc[:size], space: string(icc[16:20]), pcs: string(icc[20:24])}, nil
}

// tag returns the data of a tag.
func (p profile) tag(name string) ([]byte, bool) {
	const table = 128
	n := binary.BigEndian.Uint32(p.data[table:])
	entries := p.data[table+4:]
	for ; n > 0 && len(entries) >= 12; n, entries = n-1, entries[12:] {
		if string(entries[:4]) != name {
			continue
		}
		at, size := uint64(binary.BigEndian.Uint32(entries[4:])), uint64(binary.BigEndian.Uint32(entries[8:]))
		if at+size > uint64(len(p.data)) {
			return nil, false
		}
		return p.data[at : at+size], true
	}
	return nil, false
}

// curve returns a tone curve over [0, 1].
func (p profile) curve(name string) (func(float64) float64, error) {
	b, ok := p.tag(name)
	if !ok || len(b) < 12 {
		return nil, fmt.Errorf("colour profile has no whole curve %q", name)
	}
	switch kind := string(b[:4]); kind {
	case "curv":
		return sampledCurve(binary.BigEndian.Uint32(b[8:]), b[12:])
	case "para":
		return parametricCurve(binary.BigEndian.Uint16(b[8:]), b[12:])
	default:
		return nil, fmt.Errorf("colour profile's curve is of the unknown type %q", kind)
	}
}

// sampledCurve reads n values: none for a straight line, one for a gamma, more
// for a table that is interpolated.
func sampledCurve(n uint32, b []byte) (func(float64) float64, error) {
	if uint64(n)*2 > uint64(len(b)) {
		return nil, errDamagedICC
	}
	switch n {
	case 0:
		return func(x float64) float64 { return x }, nil
	case 1:
		gamma := float64(binary.BigEndian.Uint16(b)) / 256
		if gamma == 0 {
			return nil, errDamagedICC
		}
		return func(x float64) float64 { return math.Pow(x, gamma) }, nil
	}
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(b[2*i:])) / 65535 }
	return func(x float64) float64 {
		pos := x * float64(n-1)
		i := min(int(pos), int(n)-2)
		return at(i) + (pos-float64(i))*(at(i+1)-at(i))
	}, nil
}

// parametricCurve reads one of the five functions of ICC.1:2010, section
// 10.16: (a x + b)^g + e from d on, c x + f below.
func parametricCurve(kind uint16, raw []byte) (func(float64) float64, error) {
	counts := [...]int{1, 3, 4, 5, 7}
	if int(kind) >= len(counts) || len(raw) < 4*counts[kind] {
		return nil, errDamagedICC
	}
	var v [7]float64
	for i := range counts[kind] {
		v[i] = float64(int32(binary.BigEndian.Uint32(raw[4*i:]))) / 65536
	}
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 0:
		a, d = 1, 0
	case 1, 2:
		// The lower part is a constant, 0 or the third parameter.
		e, f = c, c
		if kind == 1 {
			e, f = 0, 0
		}
		if c = 0; a == 0 {
			return nil, errDamagedICC
		}
		d = -b / a
	}
	return func(x float64) float64 {
		if x < d {
			return c*x + f
		}
		return math.Pow(a*x+b, g) + e
	}, nil
}
