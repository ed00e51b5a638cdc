// SPDX-License-Identifier: Apache-2.0

package gcstest

import (
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Kind is a way in which an answer goes wrong.
type Kind string

// The kinds of faults.
const (
	Unavailable Kind = "503"       // answers 503 and does nothing
	TooMany     Kind = "429"       // answers 429 and does nothing
	Denied      Kind = "403"       // answers 403 and does nothing; never drawn unless named
	Reset       Kind = "reset"     // does nothing and resets the connection
	Truncated   Kind = "truncated" // does what was asked, sends half of the answer's body and closes
	Slow        Kind = "slow"      // waits some milliseconds, then answers well
	Unmet       Kind = "412"       // writes alone: answers 412 and writes nothing
	LostAnswer  Kind = "lost"      // does what was asked and closes without an answer
	// Stalled does what was asked, sends half of a read's body and nothing else,
	// and keeps the connection until the client gives up; never drawn unless named.
	Stalled Kind = "stalled"
)

// Kinds returns every kind that a correct client overcomes.
func Kinds() []Kind {
	return []Kind{Unavailable, TooMany, Reset, Truncated, Slow, Unmet, LostAnswer}
}

func (k Kind) fits(op Op) bool { return k != Unmet || op.writes() }

// delay is that of [Slow]: longer than a local answer, short for a test.
const delay = 5 * time.Millisecond

// Fault is aimed at certain requests.
type Fault struct {
	// Op, Bucket and Object choose the requests; empty ones fit every request.
	Op             Op
	Bucket, Object string
	// Skip is how many such requests are answered well first.
	Skip int
	// Times is how many are answered with the fault after that; 0 means 1.
	Times int
	// Kind is what goes wrong. Without one the answer is good and only Then
	// makes a difference.
	Kind Kind
	// Then, unless nil, is called when the answer is made and not yet sent: it
	// may replace or delete an object that a listing just named.
	Then func()
}

// faults holds what is to go wrong.
type faults struct {
	aimed []*Fault
	rate  float64
	kinds []Kind
	draws *rand.Rand
}

// Inject adds faults. They go first, in the order given; each request meets one
// at most.
func (s *Server) Inject(list ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range list {
		f.Times = max(f.Times, 1)
		s.faults.aimed = append(s.faults.aimed, &f)
	}
}

// SetFaults lets a share of all requests, in [0, 1], go wrong in one of the
// given ways, or of [Kinds] where none is given. Every request draws from a
// generator with that seed. Rate 0 ends it.
func (s *Server) SetFaults(seed uint64, rate float64, kinds ...Kind) {
	if len(kinds) == 0 {
		kinds = Kinds()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.rate, s.faults.kinds = rate, slices.Clone(kinds)
	s.faults.draws = rand.New(rand.NewPCG(seed, 0))
}

// draw counts a request and says what happens to it.
func (s *Server) draw(c call) (kind Kind, then func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[string(c.op)]++
	kind, then = s.faults.next(c)
	if kind != "" {
		s.counts[string(c.op)+"/"+string(kind)]++
	}
	return kind, then
}

func (f *faults) next(c call) (Kind, func()) {
	for i, a := range f.aimed {
		if a.Op != "" && a.Op != c.op || a.Bucket != "" && a.Bucket != c.bucket || a.Object != "" && a.Object != c.object {
			continue
		}
		if a.Skip > 0 {
			a.Skip--
			continue
		}
		if a.Times--; a.Times == 0 {
			f.aimed = slices.Delete(f.aimed, i, i+1)
		}
		return a.Kind, a.Then
	}
	if f.rate <= 0 {
		return "", nil
	}
	// Two draws whatever comes, so that one request's kind does not move the next's.
	hit, choice := f.draws.Float64() < f.rate, f.draws.Uint64()
	var fitting []Kind
	for _, k := range f.kinds {
		if k.fits(c.op) {
			fitting = append(fitting, k)
		}
	}
	if !hit || len(fitting) == 0 {
		return "", nil
	}
	return fitting[choice%uint64(len(fitting))], nil
}

// spoil answers with a fault.
func (s *Server) spoil(w http.ResponseWriter, r *http.Request, c call, kind Kind, then func()) {
	if then == nil {
		then = func() {}
	}
	switch kind {
	case Unavailable, TooMany, Denied, Unmet:
		drain(r)
		code, err := strconv.Atoi(string(kind))
		if err != nil {
			panic(err) // The kinds are the statuses' numbers.
		}
		then()
		refuse(w, code)
	case Reset:
		then()
		cut(w)
	case LostAnswer:
		s.record(r, c)
		then()
		cut(w)
	case Stalled:
		rec := s.record(r, c)
		drain(r) // only then does the context end with the connection
		then()
		if c.op == OpRead {
			sendHalf(w, rec.Header(), rec.Code, rec.Body.Bytes())
		}
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Truncated:
		rec := s.record(r, c)
		then()
		truncate(w, rec.Header(), rec.Code, rec.Body.Bytes())
	case Slow:
		pause := time.NewTimer(delay)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-r.Context().Done():
		}
		s.answer(w, r, c)
		then()
	default:
		rec := s.record(r, c)
		then()
		send(w, rec)
	}
}

// truncate promises the whole body, sends half of it and closes.
func truncate(w http.ResponseWriter, header http.Header, code int, body []byte) {
	if len(body) == 0 {
		cut(w)
		return
	}
	sendHalf(w, header, code, body)
	panic(http.ErrAbortHandler)
}

// sendHalf promises the whole body and sends half of it.
func sendHalf(w http.ResponseWriter, header http.Header, code int, body []byte) {
	maps.Copy(w.Header(), header)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	// A client that is gone needs no answer.
	_, _ = w.Write(body[:len(body)/2])
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

// cut resets the connection.
func cut(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := h.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Without lingering, closing sends a reset.
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
