package fetch_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/download/fetch"
)

// hop is a server that notes what credentials it gets, and sends them on.
type hop struct {
	*httptest.Server
	mutex sync.Mutex
	next  string   // address to send on to; empty for the file itself
	got   []string // Authorization and Referer of each request
}

func newHop(t *testing.T, secure bool, next string) *hop {
	t.Helper()
	h := &hop{next: next}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		h.got = append(h.got, r.Header.Get("Authorization")+" "+r.Header.Get("Referer"))
		switch {
		case h.next == "" || r.URL.Path == "/end":
			fmt.Fprint(w, content)
		default:
			http.Redirect(w, r, h.next, http.StatusFound)
		}
	})
	if h.Server = httptest.NewServer(handler); secure {
		h.Close()
		h.Server = httptest.NewTLSServer(handler)
	}
	t.Cleanup(h.Close)
	return h
}

// follow downloads from the server with credentials.
func (h *hop) follow(t *testing.T, roots *hop) error {
	t.Helper()
	client := fetch.New(nil)
	if roots != nil {
		client = fetch.New(roots.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs)
	}
	client.Attempts = 1
	u, err := url.Parse(h.URL + "/file?token=secret")
	if err != nil {
		t.Fatal(err)
	}
	file := fetch.File{URL: u, Checksum: sum(content), Header: http.Header{"Authorization": {"Bearer secret"}}}
	return client.Download(context.Background(), file, filepath.Join(t.TempDir(), "file"))
}

func TestCredentialsStayAtTheirOrigin(t *testing.T) {
	for _, tc := range []struct {
		name   string
		secure bool
		next   func(last *hop) string
	}{
		{name: "another port", next: func(last *hop) string { return last.URL }},
		{name: "another host", next: func(last *hop) string { return strings.Replace(last.URL, "127.0.0.1", "localhost", 1) }},
		{name: "http in place of https", secure: true, next: func(last *hop) string { return last.URL }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			last := newHop(t, false, "")
			first := newHop(t, tc.secure, tc.next(last))
			var roots *hop
			if tc.secure {
				roots = first
			}
			if err := first.follow(t, roots); err != nil {
				t.Fatal(err)
			}
			if len(first.got) != 1 || !strings.HasPrefix(first.got[0], "Bearer secret") {
				t.Errorf("the first server got %q", first.got)
			}
			if len(last.got) != 1 || strings.Contains(last.got[0], "secret") {
				t.Errorf("the second server got %q", last.got)
			}
		})
	}
}

func TestCredentialsComeAlongWithinTheirOrigin(t *testing.T) {
	h := newHop(t, false, "/end")
	if err := h.follow(t, nil); err != nil {
		t.Fatal(err)
	}
	if len(h.got) != 2 || !strings.HasPrefix(h.got[1], "Bearer secret") {
		t.Errorf("got %q", h.got)
	}
}

// A server in between may have chosen the address.
func TestCredentialsDoNotComeBack(t *testing.T) {
	first := newHop(t, false, "")
	first.next = newHop(t, false, first.URL+"/end").URL
	if err := first.follow(t, nil); err != nil {
		t.Fatal(err)
	}
	if len(first.got) != 2 || strings.Contains(first.got[1], "secret") {
		t.Errorf("got %q", first.got)
	}
}

func TestAnOriginIsTheSameWithItsUsualPort(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		same     bool
	}{
		{"https://h/a", "https://H:443/b", true}, {"http://h:80/a", "http://h/b", true},
		{"https://h/a", "https://h:80/b", false}, {"http://h/a", "https://h/a", false}, {"https://h/a", "https://sub.h/a", false},
	} {
		first, err := http.NewRequest(http.MethodGet, tc.from, nil)
		if err != nil {
			t.Fatal(err)
		}
		next, err := http.NewRequest(http.MethodGet, tc.to, nil)
		if err != nil {
			t.Fatal(err)
		}
		next.Header.Set("Authorization", "Bearer secret")
		if err := fetch.CheckRedirect(next, []*http.Request{first}); err != nil {
			t.Error(err)
		}
		if same := next.Header.Get("Authorization") != ""; same != tc.same {
			t.Errorf("from %s to %s: credentials come along %v, want %v", tc.from, tc.to, same, tc.same)
		}
	}
}

func TestRedirectsEnd(t *testing.T) {
	h := newHop(t, false, "/again")
	if err := h.follow(t, nil); err == nil || !strings.Contains(err.Error(), "more than 10 redirects") {
		t.Errorf("got %v", err)
	}
	if len(h.got) != 11 {
		t.Errorf("got %d requests, want 11", len(h.got))
	}
}

func TestRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		text string
		want time.Duration
	}{
		{"", 0}, {"3", 3 * time.Second}, {"-3", 0}, {"soon", 0}, {"9999999999999", 24 * time.Hour},
		{"Wed, 21 Oct 2015 07:28:00 GMT", 0},
	} {
		if got := fetch.RetryAfter(http.Header{"Retry-After": {tc.text}}); got != tc.want {
			t.Errorf("%q: got %s, want %s", tc.text, got, tc.want)
		}
	}
	in := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	if got := fetch.RetryAfter(http.Header{"Retry-After": {in}}); got < 59*time.Minute || got > time.Hour {
		t.Errorf("%s: got %s, want an hour", in, got)
	}
}
