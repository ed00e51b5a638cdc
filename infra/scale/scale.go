// SPDX-License-Identifier: Apache-2.0

// Package scale computes the tables of docs/scale.md: how long jobs of a million to
// a billion pictures take on a cluster, what they cost and where they stop fitting.
//
// All inputs are in inputs.go, each with where it comes from: measured, counted from
// the code, published, or assumed. Change them and run
//
//	go test ./infra/scale -update
package scale

import "math"

// Picture is a kind of picture.
type Picture struct {
	Name string
	// CPU is the seconds of one measured core that bulk takes for one, without the
	// network: reading, decoding, joining, encoding, writing.
	CPU float64
	// In and Out are the bytes of its file and of the coloured one.
	In, Out float64
}

// Network is a generator.
type Network struct {
	Name string
	// FLOPs is one forward pass of one picture.
	FLOPs float64
	// CPU is the seconds of one measured core for that, where there is no GPU.
	CPU float64
}

// Machine is a worker.
type Machine struct {
	Name   string
	VCPUs  float64
	GB     float64 // memory
	L4     bool
	Gbit   float64 // of its network, each way
	Hourly float64 // its price, see Prices
}

// Side is what bounds a machine's rate.
type Side string

// The sides.
const (
	SideCPU     Side = "CPU"
	SideDevice  Side = "L4"
	SideNetwork Side = "net"
)

// DeviceRate is how many pictures an L4 computes in a second: a batch takes some
// time whatever is in it, and the rest by its operations, at a share of the peak.
func (n Network) DeviceRate(use float64) float64 {
	return deviceBatch / (batchOverhead + deviceBatch*n.FLOPs/(use*peakFLOPS))
}

// cpu is the seconds of a measured core for a picture on a machine.
func (m Machine) cpu(p Picture, n Network) float64 {
	if m.L4 {
		return p.CPU + requestCPU
	}
	return p.CPU + requestCPU + n.CPU
}

// Rate is how many pictures of a kind a machine colours in a second, and what
// bounds it.
func (m Machine) Rate(p Picture, n Network) (float64, Side) {
	rate, side := m.VCPUs*corePerVCPU/m.cpu(p, n), SideCPU
	if m.L4 && n.DeviceRate(useMiddle) < rate {
		rate, side = n.DeviceRate(useMiddle), SideDevice
	}
	if wire := m.Gbit * 1e9 / 8 / max(p.In, p.Out); wire < rate {
		rate, side = wire, SideNetwork
	}
	return rate, side
}

// Feeding is how many vCPUs keep one L4 busy.
func Feeding(p Picture, n Network, use float64) float64 {
	return n.DeviceRate(use) * (p.CPU + requestCPU) / corePerVCPU
}

// Requests are those of a job to Cloud Storage, by the classes of its price list:
// A writes and lists, B reads.
type Requests struct{ A, B float64 }

// Cost is what they cost.
func (r Requests) Cost() float64 { return r.A*priceA + r.B*priceB }

// Bulk counts the requests of a first run of bulk from one bucket into another.
func Bulk(n float64) Requests {
	plans, segments := math.Ceil(n/planLines), math.Ceil(n/segmentLines)
	return Requests{
		A: n + // the coloured pictures
			inputListings*pages(n) + plans + segments,
		B: n + // the pictures
			plans*(1+math.Ceil(planLines*planLine/lineRead)) + // attributes, then pieces
			segments*(1+ledgerReads), // a look at the claim before each is written
	}
}

// Prepare counts the requests of prepare's passes over a bucket: what its plan asks
// for beside is [Merging].
func Prepare(n float64) Requests {
	shards := Shards(n)
	return Requests{
		A: pages(n)*prepareListings + ListingFiles(n)*2 + shards*3, // listings and runs; plan, tar and statistics
		B: 2*n + shards*shardReads + Merging(n),                    // hashed, then decoded
	}
}

func pages(n float64) float64 { return math.Ceil(n / pageNames) }

// Shards is how many prepare makes by itself.
func Shards(n float64) float64 { return min(math.Ceil(n/picturesPerShard), mostShards) }

// ListingFiles is how many files prepare's listing has: they grow.
func ListingFiles(n float64) float64 {
	files := 0.0
	for n > 0 {
		n -= float64(int(4096) << min(int(files)/32, 4))
		files++
	}
	return files
}

// Merging is how many reads it takes to merge prepare's runs: each window of
// pictures reads its stretch of every run.
func Merging(n float64) float64 {
	return math.Ceil(n/windowPictures) * ListingFiles(n) * readsPerRun
}

// ListHours is how long so many listings of n names take, one page after another.
func ListHours(n, listings float64) float64 { return listings * pages(n) * pageSeconds / 3600 }

// RampHours is how long n requests take where the bucket takes so many a second at
// first, and twice as many every twenty minutes, up to what is asked for.
func RampHours(n, first, asked float64) float64 {
	const step = 20 * 60
	hours := 0.0
	for rate := first; ; rate *= 2 {
		if rate >= asked {
			return hours + n/asked/3600
		}
		if n <= rate*step {
			return hours + n/rate/3600
		}
		n -= rate * step
		hours += step / 3600.0
	}
}
