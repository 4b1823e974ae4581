package fetch_test

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/download/fetch"
)

// body is an answer with as many zeros, and then an error or its end.
type body struct {
	left   int
	fault  error
	status int // 0 for 200
	read   int
	closed bool
}

func (b *body) Read(p []byte) (int, error) {
	if b.left == 0 && b.fault != nil {
		return 0, b.fault
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), b.left)
	clear(p[:n])
	b.left, b.read = b.left-n, b.read+n
	return n, nil
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

// answers is the way to a server that answers with one body after the other.
type answers []*body

func (a *answers) RoundTrip(*http.Request) (*http.Response, error) {
	next := (*a)[0]
	*a = (*a)[1:]
	return &http.Response{StatusCode: cmp.Or(next.status, http.StatusOK), Body: next, ContentLength: -1}, nil
}

func TestADocumentHasABound(t *testing.T) {
	const most = 64 << 20
	broken := errors.New("the line is cut")
	for _, tc := range []struct {
		name  string
		sent  []*body
		want  int // bytes of the document
		cause string
	}{
		{"a document", []*body{{left: 5}}, 5, ""},
		{"as large as it may be", []*body{{left: most}}, most, ""},
		{"larger", []*body{{left: most + 5}}, 0, fmt.Sprintf("got more than %d bytes", most)},
		{"the second time", []*body{{left: 7, fault: broken}, {left: 5}}, 5, ""},
		{"none", []*body{{left: 9, status: http.StatusNotFound}}, 0, "answers 404 Not Found"},
		{"never", []*body{{left: 7, fault: broken}, {fault: broken}}, 0, "after 0 bytes: the line is cut"},
	} {
		left := answers(tc.sent)
		client := &fetch.Client{HTTP: &http.Client{Transport: &left}, Attempts: 2, Pause: 1, Idle: 1 << 40}
		text, err := client.Read(t.Context(), fetch.File{URL: &url.URL{Scheme: "http", Host: "server.invalid", Path: "/x"}})
		if len(text) != tc.want || (err != nil) != (tc.cause != "") || err != nil && !strings.Contains(err.Error(), tc.cause) {
			t.Errorf("%s: got %d bytes, %v", tc.name, len(text), err)
		}
		if tc.name == "never" && !errors.As(err, new(*fetch.UnreachableError)) {
			t.Errorf("%s: got %v, want an error of the server's", tc.name, err)
		}
		if len(left) > 0 {
			t.Errorf("%s: it was asked for %d times less than it may be", tc.name, len(left))
		}
		for i, one := range tc.sent {
			if !one.closed || one.read > most+1 {
				t.Errorf("%s: answer %d: closed: %v, %d bytes are read", tc.name, i+1, one.closed, one.read)
			}
		}
	}
}
