// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

func figures() []Metric {
	return []Metric{
		{Name: "chromabeam_pictures_total", Help: "Pictures dealt with.", Labels: map[string]string{"result": "colored"}, Counter: true, Value: 41828995},
		{Name: "chromabeam_pictures_total", Help: "Pictures dealt with.", Labels: map[string]string{"result": "reject\"ed\n"}, Counter: true, Value: 3},
		{Name: "chromabeam_budget_used_bytes", Help: "Memory in use.", Value: 1.5},
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(data)
}

func TestServe(t *testing.T) {
	t.Parallel()
	bound, stop, err := Serve(t.Context(), "localhost:0", figures)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	status, body := get(t, "http://"+bound+"/metrics")
	if status != http.StatusOK {
		t.Errorf("/metrics answers %d: %s", status, body)
	}
	var own []string
	for line := range strings.Lines(body) {
		if strings.Contains(line, "chromabeam_") {
			own = append(own, strings.TrimSpace(line))
		}
	}
	want := []string{
		"# HELP chromabeam_budget_used_bytes Memory in use.",
		"# TYPE chromabeam_budget_used_bytes gauge",
		"chromabeam_budget_used_bytes 1.5",
		"# HELP chromabeam_pictures_total Pictures dealt with.",
		"# TYPE chromabeam_pictures_total counter",
		`chromabeam_pictures_total{result="colored"} 4.1828995e+07`,
		`chromabeam_pictures_total{result="reject\"ed\n"} 3`,
	}
	if diff := cmp.Diff(want, own); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
	if !strings.Contains(body, "\ngo_goroutines ") {
		t.Error("the runtime's figures are missing")
	}
	for path, want := range map[string]string{
		"/debug/pprof/": "goroutine", "/debug/pprof/heap?debug=1": "heap profile", "/debug/pprof/goroutine?debug=1": "goroutine profile",
		"/debug/pprof/cmdline": "telemetry", "/debug/pprof/symbol": "num_symbols",
	} {
		if status, body := get(t, "http://"+bound+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s answers %d without %q: %.100s", path, status, want, body)
		}
	}
	if status, _ := get(t, "http://"+bound+"/etc/passwd"); status != http.StatusNotFound {
		t.Errorf("an unknown path answers %d", status)
	}
}

// TestServeEnds: after stop, and after the job's end, nobody listens; a profile
// that would take an hour is given up.
func TestServeEnds(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"stop", "context"} {
		ctx, cancel := context.WithCancel(t.Context())
		bound, stop, err := Serve(ctx, "127.0.0.1:0", figures)
		if err != nil {
			t.Fatal(err)
		}
		asked := make(chan error, 1)
		go func() {
			r, err := http.Get("http://" + bound + "/debug/pprof/trace?seconds=3600")
			if err == nil {
				_, err = io.Copy(io.Discard, r.Body)
				r.Body.Close()
			}
			asked <- err
		}()
		get(t, "http://"+bound+"/metrics")
		if how == "context" {
			cancel()
		}
		if err := stop(); err != nil {
			t.Errorf("%s: %v", how, err)
		}
		<-asked
		if err := stop(); err != nil {
			t.Errorf("%s, again: %v", how, err)
		}
		if c, err := net.Dial("tcp", bound); err == nil {
			c.Close()
			t.Errorf("%s: somebody still listens at %s", how, bound)
		}
		cancel()
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:9090": "", "localhost:0": "", "[::1]:65535": "", "127.9.9.9:1": "", "[::ffff:127.0.0.1]:80": "",
		"": "loopback", ":9090": "loopback", "0.0.0.0:9090": "loopback", "[::]:9090": "loopback", "192.168.1.2:80": "loopback",
		"localhost": "loopback", "example.org:80": "loopback", "localhost.example.org:80": "loopback", "127.0.0.1": "loopback",
		"127.0.0.1:x": "port", "127.0.0.1:65536": "port", "127.0.0.1:-1": "port", "127.0.0.1:": "port", "[::1%eth0]:1": "",
	} {
		err := Validate(addr)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", addr, err, want)
		}
		if want == "" {
			continue
		}
		if _, stop, err := Serve(t.Context(), addr, figures); !fault.IsRequest(err) || stop != nil {
			t.Errorf("%q is served: %v", addr, err)
		}
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	bound, stop, err := Serve(t.Context(), "127.0.0.1:0", figures)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if _, _, err := Serve(t.Context(), bound, figures); !fault.IsRequest(err) || !strings.Contains(err.Error(), bound) {
		t.Errorf("error %v, want one of the request that names %s", err, bound)
	}
}

// TestForeignNames: a browser that was made to ask for another name is refused.
func TestForeignNames(t *testing.T) {
	t.Parallel()
	h, err := newHandler(figures)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"localhost:80": 200, "127.0.0.1": 200, "[::1]:9": 200, "evil.example:80": 403, "10.0.0.1": 403, "": 403,
	} {
		for _, path := range []string{"/metrics", "/debug/pprof/cmdline"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s at %q answers %d, want %d", path, host, w.Code, want)
			}
		}
	}
}

// TestForeignPages: a page from elsewhere that asks in a browser is refused, who
// types the address is not.
func TestForeignPages(t *testing.T) {
	t.Parallel()
	h, err := newHandler(figures)
	if err != nil {
		t.Fatal(err)
	}
	for site, want := range map[string]int{"none": 200, "same-origin": 200, "cross-site": 403} {
		r := httptest.NewRequest(http.MethodGet, "/debug/pprof/cmdline", nil)
		r.Host = "localhost:80"
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("from %q: answers %d, want %d", site, w.Code, want)
		}
	}
}

// TestBadMetric: figures that contradict each other are an error of the answer
// that names them, and no panic.
func TestBadMetric(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]Metric{"no name": {}, "twice": figures()[2]} {
		h, err := newHandler(func() []Metric { return append(figures(), bad) })
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Host = localhost
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), bad.Name) {
			t.Errorf("%s: answers %d: %.200s", name, w.Code, w.Body)
		}
	}
}
