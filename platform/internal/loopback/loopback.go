//go:build linux

// Package loopback is the private OCI registry of a build: the lifecycle reads
// the run image and the previous image from it, and writes the app image to it.
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

// The repositories.
const (
	RunRepository   = "run" // read-only for the lifecycle
	AppRepository   = "app"
	CacheRepository = "cache"
	Tag             = "latest"
)

// Registry serves on a loopback address and requires a password: the host's other
// users can reach the address, too.
type Registry struct {
	address   string
	passwords struct {
		owner string // password of this process, with all permissions
		guest string // password of the lifecycle, which may write only the app and the cache
	}
	owner, guest *uploads
	server       *http.Server
	inside       *pipes
	seen         transfers // by the lifecycle
	asked        atomic.Pointer[func()]
}

// Limits for unauthenticated clients, which everybody who reaches the address can
// be: the number of connections, the bytes of a request's header, and the time to
// send it.
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

// Close stops the registry. Complete blobs stay on disk.
func (r *Registry) Close() error {
	err := r.server.Close()
	r.owner.abandon()
	r.guest.abandon()
	return err
}

const user = "armature"

// guard passes requests to the owner's handler or the guest's.
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

// OnRequest sets a function to call whenever the lifecycle sends a request,
// before the answer. Calls may be concurrent.
func (r *Registry) OnRequest(f func()) { r.asked.Store(&f) }

// isIn reports whether a request's path is in a repository, and not in one whose
// name has it as a prefix.
func isIn(at, repository string) bool {
	return strings.HasPrefix(at, "/v2/"+repository+"/") && path.Clean(at) == strings.TrimSuffix(at, "/")
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Auth returns the value of CNB_REGISTRY_AUTH for the lifecycle.
func (r *Registry) Auth() (string, error) {
	header := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+r.passwords.guest))
	text, err := json.Marshal(map[string]string{r.address: header})
	return string(text), err
}

// Reference returns the lifecycle's reference to an image of a repository.
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

// PutManifest writes the manifest of an image whose blobs already exist.
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
	// The address may be in another network namespace.
	transport := &http.Transport{DialContext: r.inside.dial, DisableKeepAlives: true}
	never := func(error) bool { return false } // this process's own refusals are final
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(transport), remote.WithRetryPredicate(never),
		remote.WithAuth(&authn.Basic{Username: user, Password: r.passwords.owner}),
	}
}
