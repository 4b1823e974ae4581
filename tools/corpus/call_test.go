package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAnAppIsAskedUntilItAnswers(t *testing.T) {
	asked := 0
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprintf(w, "hello, %s", r.URL.Path)
	}))
	defer app.Close()
	runs := func() bool { return true }
	if err := ask(t.Context(), app.URL+"/a", "hello, /a", runs); err != nil || asked != 3 {
		t.Errorf("got %v after %d calls", err, asked)
	}
	if err := ask(t.Context(), app.URL, "good bye", runs); err == nil || !strings.Contains(err.Error(), "hello, /") {
		t.Errorf("got %v, want an error with the answer", err)
	}
}

func TestAnImageThatEndsIsNotAskedAnyMore(t *testing.T) {
	app := httptest.NewServer(http.NotFoundHandler())
	defer app.Close()
	err := ask(t.Context(), app.URL, "hello", func() bool { return false })
	if err == nil || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), "ended") {
		t.Errorf("got %v, want an error that says so", err)
	}
}
