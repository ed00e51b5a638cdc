// SPDX-License-Identifier: Apache-2.0

package scale

import "fmt"

// example is the job of the table by number: 2-megapixel JPEGs, the 256-px network.
func example(machine string) (m Machine, rate float64) {
	for _, m := range machines() {
		if m.Name == machine {
			rate, _ := m.Rate(pictures[0], networks[1])
			return m, rate
		}
	}
	panic("no machine " + machine)
}

// workers is how many machines the tables give a job.
func workers(n float64) float64 {
	switch {
	case n <= 1e6:
		return 4
	case n <= 1e7:
		return 16
	case n <= 1e8:
		return 64
	}
	return 256
}

func bulkTable() string {
	gpu, fast := example("g2-standard-16")
	cpu, slow := example("16 vCPUs, no GPU")
	machineHours := func(rate float64) func(float64) string {
		return func(n float64) string { return number(n / rate / 3600) }
	}
	return byCount(
		line{"machine-hours, " + gpu.Name, machineHours(fast)},
		line{"machine-hours, " + cpu.Name, machineHours(slow)},
		line{"workers in this example", func(n float64) string { return number(workers(n)) }},
		line{"pictures/s they colour, " + gpu.Name, func(n float64) string { return number(workers(n) * fast) }},
		line{"time, " + gpu.Name, func(n float64) string { return hours(n / fast / workers(n) / 3600) }},
		line{"time where the bucket has to grow first", func(n float64) string {
			return hours(RampHours(n, writesFirst, workers(n)*fast))
		}},
		line{"machines, " + gpu.Name, func(n float64) string { return dollars(n / fast / 3600 * gpu.Hourly) }},
		line{"machines, " + cpu.Name, func(n float64) string { return dollars(n / slow / 3600 * cpu.Hourly) }},
		line{"requests of class A", func(n float64) string { return number(Bulk(n).A) }},
		line{"requests of class B", func(n float64) string { return number(Bulk(n).B) }},
		line{"requests", func(n float64) string { return dollars(Bulk(n).Cost()) }},
		line{"bytes read", func(n float64) string { return size(n * pictures[0].In) }},
		line{"bytes written", func(n float64) string { return size(n * pictures[0].Out) }},
	)
}

func recordTable() string {
	return byCount(
		line{"plan files", func(n float64) string { return number(n / planLines) }},
		line{"their bytes, which the shuffle carries too", func(n float64) string { return size(n * planLine) }},
		line{"their names in the job's description", func(n float64) string { return size(n / planLines * planName) }},
		line{"segments of the ledger", func(n float64) string { return number(n / segmentLines) }},
		line{"their bytes", func(n float64) string { return size(n * ledgerLine) }},
		line{"rejects.jsonl at 1 % rejects", func(n float64) string { return size(n * rejects * rejectLine) }},
		line{"report.html and report.json", func(float64) string { return "at most 2 MiB" }},
		line{"driver's memory while it plans", func(n float64) string { return size(n * memoryPlanning) }},
		line{"driver's memory after that", func(n float64) string { return size(n * memoryAfter) }},
		line{"driver lists the input, twice", func(n float64) string { return hours(ListHours(n, inputListings)) }},
		line{"driver reads the ledger, twice", func(n float64) string { return hours(n * ledgerReads / ledgerRate / 3600) }},
	)
}

func prepareTable() string {
	list := make([]line, 0, len(prepareCPU)+8)
	for _, p := range prepareCPU {
		list = append(list, line{"core-hours, " + p.Name, func(n float64) string { return number(n * p.Seconds / 3600) }})
	}
	list = append(list,
		line{"shards of 1,000", func(n float64) string { return number(Shards(n)) }},
		line{"listing files and runs", func(n float64) string { return number(ListingFiles(n)) }},
		line{"bytes of the listing", func(n float64) string { return size(n * listingLine) }},
		line{"bytes of the runs", func(n float64) string { return size(n * runLine) }},
		line{"driver lists the input, once", func(n float64) string { return hours(ListHours(n, prepareListings)) }},
		line{"reads that merge the runs", func(n float64) string { return number(Merging(n)) }},
		line{"time of these at 5,000 a second", func(n float64) string { return hours(Merging(n) / readsFirst / 3600) }},
		line{"requests of class A", func(n float64) string { return number(Prepare(n).A) }},
		line{"requests of class B", func(n float64) string { return number(Prepare(n).B) }},
		line{"requests", func(n float64) string { return dollars(Prepare(n).Cost()) }},
	)
	return byCount(list...)
}

func rampTable() string {
	rows := make([]line, 0, 4)
	for _, asked := range []float64{1000, 4000, 16_000, 64_000} {
		rows = append(rows, line{
			fmt.Sprintf("%s writes/s asked for", number(asked)),
			func(n float64) string { return hours(RampHours(n, writesFirst, asked)) },
		})
	}
	return byCount(rows...)
}
