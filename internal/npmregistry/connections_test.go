package npmregistry_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/npmregistry"
)

func TestARegistryThatStopsInADocument(t *testing.T) {
	address, _ := server(t, map[string]http.HandlerFunc{"/a": func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"versions":`))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}})
	archives := npmregistry.NewArchives(t.TempDir(), registry(t, "registry="+address), nil)
	archives.Hasten(20*time.Millisecond, time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := archives.Get(ctx, npmregistry.Wanted{Name: "a", Version: "1.0.0", Checksum: sum(t, content)})
	var silent *fetch.UnreachableError
	if !errors.As(err, &silent) || ctx.Err() != nil {
		t.Errorf("got %v, want an unreachable registry at once", err)
	}
}

func TestCloseEndsTheConnections(t *testing.T) {
	closed := make(chan bool, 1)
	s := httptest.NewUnstartedServer(gives(content))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- true
		}
	}
	s.Start()
	defer s.Close()
	archives := npmregistry.NewArchives(t.TempDir(), registry(t, "registry="+s.URL), nil)
	if _, err := archives.Get(context.Background(), npmregistry.Wanted{Name: "a", Version: "1.0.0", Checksum: sum(t, content)}); err != nil {
		t.Fatal(err)
	}
	archives.Close()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the connection stays")
	}
}
