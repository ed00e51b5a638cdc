// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"net"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metric is one figure as it stands now.
type Metric struct {
	// Name is the figure's, in Prometheus' style: with its unit, and ending in
	// "_total" where it counts, such as "chromabeam_read_seconds_total".
	Name string
	// Help says in a sentence what it is. Figures of one name share it.
	Help string
	// Labels tell figures of one name apart; they may be nil.
	Labels map[string]string
	// Counter is true for what only grows, false for what goes up and down.
	Counter bool
	Value   float64
}

// newHandler serves a registry of its own: what libraries leave in the default
// one is none of the job's.
func newHandler(gather func() []Metric) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), gathered(gather),
	} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return local(mux), nil
}

// local refuses requests that were sent to another name than this machine's own.
// A page from elsewhere can have its name resolve to loopback and a browser then
// read what it likes, but the request says which name was asked for. Nor may such
// a page have profiles taken that it cannot read.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if !loopback(host) || r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			http.Error(w, "only requests to localhost are answered", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// gathered hands a job's figures to Prometheus.
type gathered func() []Metric

// Describe says nothing: which figures there are is known when they are asked for.
func (gathered) Describe(chan<- *prometheus.Desc) {}

// Collect sends the figures as they are now. One that Prometheus does not take,
// such as one without a name, makes the answer an error that says why.
func (g gathered) Collect(to chan<- prometheus.Metric) {
	for _, m := range g() {
		kind := prometheus.GaugeValue
		if m.Counter {
			kind = prometheus.CounterValue
		}
		desc := prometheus.NewDesc(m.Name, m.Help, nil, m.Labels)
		metric, err := prometheus.NewConstMetric(desc, kind, m.Value)
		if err != nil {
			metric = prometheus.NewInvalidMetric(desc, err)
		}
		to <- metric
	}
}
