// SPDX-License-Identifier: Apache-2.0

package scale

// Measured on 2 cores of an AMD EPYC, one machine, local files.
var (
	// bulk from end to end with the 64-px network on the CPU, whose part is small
	// and left in; progressive: the codec's 295 ms in place of 55.
	pictures = []Picture{
		{"2 MP JPEG", 0.046, 0.5e6, 0.6e6}, // sizes of files: assumed
		{"2 MP JPEG, recoded", 0.146, 0.5e6, 0.6e6},
		{"12 MP JPEG", 0.120, 3e6, 3.4e6},
		{"12 MP progressive JPEG", 0.360, 3e6, 3.4e6},
	}
	// FLOPs: counted by bench infer. CPU: 2 cores colour 5.8 pictures/s with the
	// 256-px network, which is 345 ms of a core for each, 46 of them not the network.
	networks = []Network{
		{"64 px", 0.0999e9, 0},
		{"256 px", 11.98e9, 0.299},
		{"256 px drawn at 512", 4 * 11.98e9, 4 * 0.299}, // -render-size 512: four times the pixels
	}
)

// prepareCPU is the seconds of one measured core that prepare takes for a picture.
var prepareCPU = []struct {
	Name    string
	Seconds float64
}{
	{"face, 64 px", 1.0 / 1723},
	{"RGBA PNG to 256 px", 1.0 / 182},
	{"12 MP JPEG to 256 px", 1.0 / 23.4},
}

// Measured sizes and rates of the records; TestRecordSizes of pipelines/bulk holds
// the sizes, TestPlanMemory the memory.
const (
	planLine       = 235 // bytes a picture, with a name of 33
	ledgerLine     = 436
	rejectLine     = 106
	listingLine    = 123 // of prepare
	runLine        = 199
	memoryPlanning = 170 // bytes a picture in the driver
	memoryAfter    = 107
	ledgerRate     = 68_000 // lines a second that one core reads
)

// Counted from the code.
const (
	pageNames        = 1000      // names in a page of a listing, the service's limit
	inputListings    = 2         // a first run looks for names that are taken, then plans
	planLines        = 2000      // pictures in a plan file
	lineRead         = 262_144.0 // bytes of one read of a file of lines
	segmentLines     = 1000      // pictures in a segment of the ledger, at most
	ledgerReads      = 2         // of each segment by the driver: after the pipeline, for the report
	planName         = 72        // bytes of a plan file's name in the job's description: 49, in base64
	picturesPerShard = 1000
	mostShards       = 999_999
	prepareListings  = 1
	shardReads       = 10 // about: plan file, claims before and after, statistics
	windowPictures   = 1 << 16
	readsPerRun      = 3 // attributes, head, stretch
)

// Published by the vendors; check them.
const (
	peakFLOPS   = 60e12 // of an L4 in TF32 without sparsity
	writesFirst = 1000  // requests a second that a bucket takes before it has grown
	readsFirst  = 5000
	priceA      = 0.005 / 1000 // USD, of Cloud Storage's pricing examples
	priceB      = 0.0004 / 1000
)

// Assumed.
const (
	corePerVCPU   = 0.6   // a vCPU is a hyperthread, often of an older processor
	requestCPU    = 0.001 // seconds of a core for the two requests and TLS of a picture
	useLow        = 0.05  // share of the peak that a network reaches
	useMiddle     = 0.15
	useHigh       = 0.30
	deviceBatch   = 8
	batchOverhead = 0.001 // seconds of a batch whatever is in it
	pageSeconds   = 0.15  // of a page of a listing
	rejects       = 0.01  // share of the pictures
	// USD an hour, round numbers in place of a price list.
	priceVCPU = 0.06
	priceGB   = 0.004
	priceL4   = 0.70
)

// machines are those of the tables. The sizes of G2 machines are from memory.
func machines() []Machine {
	list := []Machine{
		{Name: "16 vCPUs, no GPU", VCPUs: 16, GB: 64, Gbit: 32},
		{Name: "g2-standard-4", VCPUs: 4, GB: 16, L4: true, Gbit: 10},
		{Name: "g2-standard-8", VCPUs: 8, GB: 32, L4: true, Gbit: 16},
		{Name: "g2-standard-16", VCPUs: 16, GB: 64, L4: true, Gbit: 32},
		{Name: "g2-standard-32", VCPUs: 32, GB: 128, L4: true, Gbit: 32},
	}
	for i, m := range list {
		list[i].Hourly = m.VCPUs*priceVCPU + m.GB*priceGB
		if m.L4 {
			list[i].Hourly += priceL4
		}
	}
	return list
}
