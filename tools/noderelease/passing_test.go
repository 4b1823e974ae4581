package main_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestTroubleThatPassesIsNoFault(t *testing.T) {
	for name, status := range map[string]int{"an internal error": 500, "a gateway's": 503, "too many requests": 429} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			n := 0
			w.answer[list("24.1.0")] = func(rw http.ResponseWriter, _ *http.Request) bool {
				if n++; n > 2 {
					return false
				}
				rw.WriteHeader(status)
				return true
			}
			w.mustUpdate()
			if w.release("24.1.0") == nil || n != 3 {
				t.Errorf("got %d requests, want 3 and the version", n)
			}
		})
	}
	t.Run("each pause is longer than the one before", func(t *testing.T) {
		w := newWorld(t)
		var times []time.Time
		w.answer[list("24.1.0")] = func(rw http.ResponseWriter, _ *http.Request) bool {
			times = append(times, time.Now())
			rw.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		if err := w.update("-backoff", "30ms"); err == nil || len(times) != 4 {
			t.Fatalf("got %v, %d requests, want 4", err, len(times))
		}
		for i, least := range []time.Duration{30, 60, 120} {
			if pause := times[i+1].Sub(times[i]); pause < least*time.Millisecond {
				t.Errorf("got a pause of %s, want %dms at least", pause, least)
			}
		}
	})
	t.Run("a server says when to come again", func(t *testing.T) {
		w := newWorld(t)
		var first, second time.Time
		w.answer[list("24.1.0")] = func(rw http.ResponseWriter, _ *http.Request) bool {
			if second = time.Now(); !first.IsZero() {
				return false
			}
			first = second
			rw.Header().Set("Retry-After", "1")
			rw.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		w.mustUpdate()
		if waited := second.Sub(first); waited < time.Second {
			t.Errorf("got asked again after %s, want a second at least", waited)
		}
	})
	t.Run("but not found is not asked for again", func(t *testing.T) {
		w := newWorld(t)
		delete(w.files, list("24.1.0"))
		if err := w.update(); err == nil || w.requests(list("24.1.0")) != 1 {
			t.Errorf("got %v, %d requests", err, w.requests(list("24.1.0")))
		}
	})
}

func TestNoMoreThanTheBoundIsFetchedAtOnce(t *testing.T) {
	w := newWorld(t)
	versions := []string{}
	for i := range 20 {
		v := fmt.Sprintf("24.%d.0", 19-i)
		versions = append(versions, v)
		w.sign(v, w.releaser, signedOn.Add(-time.Duration(i)*time.Hour), sums(v))
	}
	w.index(versions...)
	var now, most int
	for _, v := range versions {
		w.answer[list(v)] = func(http.ResponseWriter, *http.Request) bool {
			w.mu.Lock()
			now++
			most = max(most, now)
			w.mu.Unlock()
			time.Sleep(20 * time.Millisecond)
			w.mu.Lock()
			now--
			w.mu.Unlock()
			return false
		}
	}
	w.mustUpdate("-jobs", "3")
	if most != 3 {
		t.Errorf("got %d at once, want 3", most)
	}
}
