package fetch_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/download/fetch"
)

// The reason stays with HTTP/2, whose streams end differently than connections.
func TestASilentServerIsSilentOverHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(stall))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	client := fetch.New(s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs)
	client.Attempts, client.Idle = 1, 20*time.Millisecond
	if _, err := download(t, client, s.URL); err == nil || !strings.Contains(err.Error(), "nothing arrived for 20ms") {
		t.Errorf("got %v", err)
	}
}
