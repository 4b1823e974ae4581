package main_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	noderelease "github.com/armature-cnb/armature/tools/noderelease"
)

func fetcher() *noderelease.Fetcher {
	f := noderelease.NewFetcher(time.Minute, time.Millisecond, nil)
	f.Retries = 0
	return f
}

func TestNoRedirectFromHTTPSToHTTP(t *testing.T) {
	asked := 0
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		fmt.Fprint(w, "[]")
	}))
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL+"/index.json?token=secret", http.StatusFound))
	t.Cleanup(secure.Close)
	f := fetcher()
	f.Client.Transport = secure.Client().Transport
	_, err := f.Get(context.Background(), secure.URL, 100)
	if err == nil || !strings.Contains(err.Error(), "a redirect leads from https to "+plain.URL) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if asked != 0 {
		t.Error("the server without TLS was asked")
	}
}

func TestARedirectTakesNoCredentialsToAnotherOrigin(t *testing.T) {
	var got []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization")+" "+r.Header.Get("Referer"))
		fmt.Fprint(w, "[]")
	}))
	t.Cleanup(other.Close)
	first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	t.Cleanup(first.Close)
	location := strings.Replace(first.URL, "://", "://ada:secret@", 1) + "/index.json?token=secret"
	if _, err := fetcher().Get(context.Background(), location, 100); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || strings.Contains(got[0], "secret") || strings.Contains(got[0], "Basic") {
		t.Errorf("got %q", got)
	}
}

func TestErrorsOfFetchingHoldNoCredentials(t *testing.T) {
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://ada:secret@[other/?token=secret")
		w.WriteHeader(http.StatusFound)
	}))
	t.Cleanup(bad.Close)
	for _, location := range []string{
		strings.Replace(bad.URL, "://", "://ada:secret@", 1) + "/?token=secret#secret",
		"https://ada:secret%zz@127.0.0.1:1/?token=secret",
		"https://ada:secret@127.0.0.1:1/index.json?token=secret",
		"ftp://ada:secret@127.0.0.1:1/index.json?token=secret",
	} {
		_, err := fetcher().Get(context.Background(), location, 100)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v", err)
		}
	}
}
