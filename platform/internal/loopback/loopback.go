//go:build linux

// Package loopback is the OCI registry that a build has to itself: the
// lifecycle takes the run image and the image of the build before from it, and
// leaves the app image there.
package loopback

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/net/netutil"
)

// The repositories there are.
const (
	RunRepository   = "run" // what the lifecycle may read only
	AppRepository   = "app"
	CacheRepository = "cache"
	Tag             = "latest"
)

// Registry serves on a loopback address, to whoever knows a password: the
// host's other users can reach the address, too.
type Registry struct {
	address   string
	passwords struct {
		owner string // of this process, which may do everything
		guest string // of the lifecycle, which may write the app and the cache only
	}
	owner, guest *uploads
	server       *http.Server
	inside       *pipes
	seen         transfers // of the lifecycle
	asked        atomic.Pointer[func()]
}

// What everybody may use who reaches the address, which takes no password: so
// many connections at once, bytes of a request's header, and time to send it.
const (
	maxConnections = 1024
	maxHeader      = 16 << 10
	headerTime     = time.Minute
)

// Serve starts a registry.
func Serve(listener net.Listener, blobs *Blobs) *Registry {
	silent := stdlog.New(io.Discard, "", 0)
	r := &Registry{address: listener.Addr().String(), inside: newPipes()}
	r.passwords.owner, r.passwords.guest = rand.Text(), rand.Text()
	inner := registry.New(registry.WithBlobHandler(blobs), registry.Logger(silent))
	r.owner, r.guest = newUploads(inner, blobs, false), newUploads(inner, blobs, true)
	r.server = &http.Server{Handler: r.guard(), ErrorLog: silent, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTime}
	go r.server.Serve(netutil.LimitListener(listener, maxConnections))
	go r.server.Serve(r.inside)
	return r
}

// Close ends it. What it holds stays on disk, but for what has not come whole.
func (r *Registry) Close() error {
	err := r.server.Close()
	r.owner.abandon()
	r.guest.abandon()
	return err
}

const user = "armature"

// guard lets requests through to the owner's handler or the guest's.
func (r *Registry) guard() http.Handler {
	observed := r.seen.watch(r.guest)
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		_, password, _ := request.BasicAuth()
		reads := request.Method == http.MethodGet || request.Method == http.MethodHead
		switch {
		case same(password, r.passwords.owner):
			r.owner.ServeHTTP(w, request)
			return
		case !same(password, r.passwords.guest):
			w.Header().Set("WWW-Authenticate", `Basic realm="armature"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
			return
		case !reads && !isIn(request.URL.Path, AppRepository) && !isIn(request.URL.Path, CacheRepository):
			http.Error(w, `{"errors":[{"code":"DENIED"}]}`, http.StatusForbidden)
			return
		}
		if asked := r.asked.Load(); asked != nil {
			(*asked)()
		}
		observed.ServeHTTP(w, request)
	})
}

// OnRequest has f called whenever the lifecycle asks for something, before it is
// answered; at once with other calls.
func (r *Registry) OnRequest(f func()) { r.asked.Store(&f) }

// isIn says whether a request's path is in a repository, and in no other that
// only begins with its name.
func isIn(at, repository string) bool {
	return strings.HasPrefix(at, "/v2/"+repository+"/") && path.Clean(at) == strings.TrimSuffix(at, "/")
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Auth is the value of CNB_REGISTRY_AUTH that lets the lifecycle in.
func (r *Registry) Auth() (string, error) {
	header := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+r.passwords.guest))
	text, err := json.Marshal(map[string]string{r.address: header})
	return string(text), err
}

// Reference is how the lifecycle calls an image of a repository.
func (r *Registry) Reference(repository string) string {
	return r.address + "/" + repository + ":" + Tag
}

// Put writes an image into a repository.
func (r *Registry) Put(ctx context.Context, repository string, image v1.Image) error {
	tag, err := name.NewTag(r.Reference(repository))
	if err != nil {
		return err
	}
	return remote.Write(tag, image, r.options(ctx)...)
}

// PutManifest names an image whose blobs are there already.
func (r *Registry) PutManifest(ctx context.Context, repository string, image remote.Taggable) error {
	tag, err := name.NewTag(r.Reference(repository))
	if err != nil {
		return err
	}
	return remote.Put(tag, image, r.options(ctx)...)
}

// Get reads an image from a repository.
func (r *Registry) Get(ctx context.Context, repository string) (v1.Image, error) {
	tag, err := name.NewTag(r.Reference(repository))
	if err != nil {
		return nil, err
	}
	return remote.Image(tag, r.options(ctx)...)
}

func (r *Registry) options(ctx context.Context) []remote.Option {
	// The address may be one of another network than this process's.
	transport := &http.Transport{DialContext: r.inside.dial, DisableKeepAlives: true}
	never := func(error) bool { return false } // what this process refuses itself it refuses again
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(transport), remote.WithRetryPredicate(never),
		remote.WithAuth(&authn.Basic{Username: user, Password: r.passwords.owner}),
	}
}
